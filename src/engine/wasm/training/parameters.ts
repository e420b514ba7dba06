/**
 * Where each weight stands in the one array that the kernels train. Gradients and moments are arrays of the same
 * layout.
 *
 *   recurrent    kernel and recurrent kernel: [tile][row][16], a tile holds the gates of four units (plan/gates.ts);
 *                bias: [row][tile][16], one row or two
 *   dense        [tile][unit][16], a tile holds 16 inputs: Keras's kernel transposed, which tied layers read as it is
 *
 * Tiles are padded to an odd multiple of four rows (of a line of 64 bytes), so that neighbours fall on different sets of
 * the cache. Padding is zero, and its gradients are zero.
 */
import { unknownKind } from "../../../network/layers/description.js";
import { type Layer, layersWithShapes, type Network, weightShapes } from "../../../network/network.js";
import type { Tensor, Weights } from "../../../network/weights.js";
import { GATES, laneOfColumn, tileOfColumn, tilesOf } from "../plan/gates.js";
import type { RecurrentLayer } from "../plan/plan.js";

/** Offsets and strides in floats. */
export interface RecurrentParameters {
  readonly kernel: number;
  readonly kernelTile: number;
  readonly recurrentKernel: number;
  readonly recurrentTile: number;
  readonly bias: number;
  /** Offsets in the array of transposed kernels. */
  readonly transposedKernel: number;
  readonly transposedRecurrent: number;
}

export interface DenseParameters {
  /** Of a tied layer: the other layer's, as are the two below. */
  readonly kernel: number;
  readonly kernelTile: number;
  /** The offset in the array of transposed kernels; undefined where a transposed copy would not be faster. */
  readonly transposedKernel: number | undefined;
  readonly bias: number;
}

interface Slot {
  readonly shape: readonly number[];
  /** Offset of the element in row `row` (0 of a bias) and column `column`. */
  readonly offsetOf: (row: number, column: number) => number;
}

/** Floats of a row of a tile: one cache line of 64 bytes. */
export const LANES = 16;

/** Floats of a row of `width`: an odd number of 64-byte lines. */
export function paddedRow(width: number): number {
  return (Math.ceil(width / LANES) | 1) * LANES;
}

/** Rows of a tile of `rows`: an odd multiple of four. */
function paddedRows(rows: number): number {
  return (Math.ceil(rows / 4) | 1) * 4;
}

/** The layout of a network's weights, and the way in and out of it. */
export class ParameterLayout {
  readonly recurrent = new Map<string, RecurrentParameters>();
  readonly dense = new Map<string, DenseParameters>();
  readonly #slots = new Map<string, Slot>();
  #length = 0;
  #transposedLength = 0;

  constructor(network: Network) {
    for (const { layer, input } of layersWithShapes(network)) this.#add(layer, input.at(-1)!);
    for (const [name, shape] of weightShapes(network)) {
      const slot = this.#slots.get(name);
      if (slot === undefined || slot.shape.join() !== shape.join()) throw new Error(`No slot for "${name}".`);
    }
  }

  /** Floats of the array, a multiple of 16. */
  get length(): number {
    return this.#length;
  }

  /**
   * Floats of the array of transposed kernels, each [16 rows][4 lanes][4 vectors][tile][16 rows], so that 16 numbers which
   * meet the same number in a product with the transposed kernel stand side by side.
   */
  get transposedLength(): number {
    return this.#transposedLength;
  }

  /** Writes the weights into an array of zeros. */
  pack(weights: Weights, to: Float32Array): void {
    for (const [name, { shape, offsetOf }] of this.#slots) {
      const data = weights.get(name)!.data;
      const columns = shape.at(-1)!;
      data.forEach((value, n) => {
        to[offsetOf(Math.floor(n / columns), n % columns)] = value;
      });
    }
  }

  /** A copy of the weights (or gradients) in their own shapes. */
  unpack(from: Float32Array): Weights {
    const weights = new Map<string, Tensor>();
    for (const [name, { shape, offsetOf }] of this.#slots) {
      const columns = shape.at(-1)!;
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      for (let n = 0; n < data.length; n++) data[n] = from[offsetOf(Math.floor(n / columns), n % columns)]!;
      weights.set(name, { shape, data });
    }
    return weights;
  }

  #add(layer: Layer, width: number): void {
    switch (layer.kind) {
      case "lstm":
      case "gru":
        this.#addRecurrent(layer, width);
        break;
      case "dense":
        this.#addDense(layer.name, width, layer.units, layer.tiedTo);
        break;
      case "timeDistributedDense":
        this.#addDense(layer.name, width, layer.units, undefined);
        break;
      case "repeatVector":
      case "dropout":
      case "flatten":
      case "reshape":
      case "layerNormalization":
        break;
      default:
        unknownKind(layer);
    }
  }

  #addRecurrent({ kind, name, units }: RecurrentLayer, width: number): void {
    const gates = GATES[kind];
    const tiles = tilesOf(units);
    const matrix = (part: string, rows: number, vectors: readonly number[]): { at: number; tile: number } => {
      const tile = paddedRows(rows) * LANES;
      const at = this.#take(tiles * tile);
      this.#slots.set(`${name}/${part}`, {
        shape: [rows, vectors.length * units],
        offsetOf: (row, column) =>
          at + tileOfColumn(column, units) * tile + row * LANES + laneOfColumn(column, units, vectors),
      });
      return { at, tile };
    };
    const kernel = matrix("kernel", width, gates.kernel);
    const recurrent = matrix("recurrent_kernel", units, gates.recurrentKernel);
    const rows = gates.bias.length;
    const columns = gates.kernel.length * units;
    const bias = this.#take(rows * tiles * LANES);
    this.#slots.set(`${name}/bias`, {
      shape: rows === 1 ? [columns] : [rows, columns],
      offsetOf: (row, column) =>
        bias +
        (row * tiles + tileOfColumn(column, units)) * LANES +
        laneOfColumn(column, units, gates.bias[row]!),
    });
    this.recurrent.set(name, {
      kernel: kernel.at,
      kernelTile: kernel.tile,
      recurrentKernel: recurrent.at,
      recurrentTile: recurrent.tile,
      bias,
      transposedKernel: this.#takeTransposed(width, tiles),
      transposedRecurrent: this.#takeTransposed(units, tiles),
    });
  }

  #addDense(name: string, width: number, units: number, tiedTo: string | undefined): void {
    const tile = paddedRows(units) * LANES;
    const tiles = Math.ceil(width / LANES);
    const kernel =
      tiedTo === undefined
        ? {
            kernel: this.#take(tiles * tile),
            kernelTile: tile,
            // Of fewer rows most of the 16 would be padding.
            transposedKernel: units > LANES / 2 ? this.#takeTransposed(units, tiles) : undefined,
          }
        : this.dense.get(tiedTo)!;
    if (tiedTo === undefined) {
      this.#slots.set(`${name}/kernel`, {
        shape: [width, units],
        offsetOf: (row, column) =>
          kernel.kernel + Math.floor(row / LANES) * tile + column * LANES + (row % LANES),
      });
    }
    const bias = this.#take(units);
    this.#slots.set(`${name}/bias`, { shape: [units], offsetOf: (_, column) => bias + column });
    this.dense.set(name, { ...kernel, bias });
  }

  #takeTransposed(rows: number, tiles: number): number {
    const at = this.#transposedLength;
    this.#transposedLength += Math.ceil(rows / LANES) * LANES * tiles * LANES;
    return at;
  }

  #take(floats: number): number {
    const at = this.#length;
    this.#length += Math.ceil(floats / LANES) * LANES;
    return at;
  }
}
