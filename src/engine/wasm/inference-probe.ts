/** Runs the kernels for inference on made-up numbers, in every shape: for the comparison of wide and narrow vectors. */
import { type Kernels, kernelImports } from "./kernels.js";
import { HARD_SIGMOID, LINEAR, OP_GRU, OP_LSTM, RELU, SIGMOID, TANH } from "./plan/layout.js";

const PAGES = 8;
/** Past the kernels' constants. */
const START = 65_536;

/** 37 rows are six sixes and one; the others leave groups of four and two. */
const ROWS = [37, 35, 9, 1] as const;

type Kernel = (...parameters: number[]) => void;

interface RecurrentLayer {
  /** OP_LSTM or OP_GRU. */
  readonly kind: number;
  readonly rows: number;
  /** Of four units. */
  readonly tiles: number;
  readonly activation: number;
  readonly gate: number;
}

/** The results, as bytes. */
export async function probeInference(kernels: Kernels): Promise<Uint8Array> {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared: true });
  const { exports } = new WebAssembly.Instance(
    kernels.module,
    kernelImports(kernels, memory, () => undefined),
  );
  const room = new Room(memory);
  const step = exports["recurrentStep"] as Kernel;
  const results: Uint8Array[] = [];
  for (const rows of ROWS) {
    for (const activation of [RELU, TANH]) {
      // Odd numbers of tiles (of four units) use the shapes of four, two and one tile.
      for (const tiles of [1, 3, 7]) {
        for (const kind of [OP_LSTM, OP_GRU]) {
          results.push(recurrentStep(step, room, { kind, rows, tiles, activation, gate: SIGMOID }));
        }
      }
    }
    for (const kind of [OP_LSTM, OP_GRU]) {
      const layer = { kind, rows, tiles: 3, activation: LINEAR, gate: HARD_SIGMOID };
      results.push(recurrentStep(step, room, layer));
    }
    for (const columns of [5, 45]) results.push(dense(exports["dense"] as Kernel, room, rows, columns));
  }
  return Buffer.concat(results);
}

/** The memory of the kernels: regions are taken one after the other, and all given back at once. */
class Room {
  readonly #floats: Float32Array;
  #end = START / 4;

  constructor(memory: WebAssembly.Memory) {
    this.#floats = new Float32Array(memory.buffer);
  }

  /** The address of `length` floats in [-1, 1), which depend on their position alone. */
  take(length: number): number {
    const at = this.#end;
    this.#end += Math.ceil(length / 16) * 16;
    for (let n = at; n < this.#end; n++) this.#floats[n] = (Math.imul(n, 0x9e3779b1) >> 8) * 2 ** -23;
    return 4 * at;
  }

  /** A copy of `length` floats. */
  read(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#floats.slice(at / 4, at / 4 + length).buffer);
  }

  clear(): void {
    this.#end = START / 4;
  }
}

/** A first step, which has no state, and a second one. */
function recurrentStep(
  kernel: Kernel,
  room: Room,
  { kind, rows, tiles, activation, gate }: RecurrentLayer,
): Uint8Array {
  room.clear();
  const inputs = 3;
  const units = 4 * tiles;
  const weights = room.take(tiles * (inputs + units) * 16);
  const start = room.take(tiles * 16);
  const x = room.take(rows * inputs);
  const [cell, first, second] = [room.take(rows * units), room.take(rows * units), room.take(rows * units)];
  const sums = room.take(Math.max(rows, 2 * tiles) * 16);
  for (const [state, next] of [
    [0, first],
    [first, second],
  ] as const) {
    kernel(
      kind,
      rows,
      tiles,
      inputs,
      weights,
      start,
      0,
      x,
      4 * inputs,
      state,
      cell,
      next,
      4 * units,
      sums,
      activation,
      gate,
    );
  }
  // What a GRU leaves in place of cells is the second state once more.
  const other = kind === OP_GRU ? first : cell;
  return Buffer.concat([room.read(other, rows * units), room.read(second, rows * units)]);
}

function dense(kernel: Kernel, room: Room, rows: number, columns: number): Uint8Array {
  room.clear();
  const depth = 5;
  const width = 8 * Math.ceil(columns / 8);
  const weights = room.take(width * depth);
  const bias = room.take(width);
  const from = room.take(rows * depth);
  const to = room.take(rows * width);
  const [fromRow, toRow] = [4 * depth, 4 * width];
  kernel(
    1,
    rows,
    depth,
    columns,
    weights,
    bias,
    from,
    fromRow,
    rows * fromRow,
    to,
    toRow,
    rows * toRow,
    1,
    TANH,
    room.take(48),
  );
  return room.read(to, rows * width);
}
