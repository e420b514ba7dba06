/**
 * Weights in the order in which the kernels of inference read them.
 *
 *   recurrent layer   tiles of four units (plan/gates.ts), one after the other. A tile is [k][16]; k runs over the
 *                     layer's inputs first (rows of the kernel), and then over the units of the state, padded to whole
 *                     tiles (rows of the recurrent kernel). The bias is [tiles][16]. Where gates are sigmoids, all that
 *                     belongs to them is multiplied by -1 / ln 2, so that their sums are exponents of 2.
 *   dense layer       panels of eight columns, padded with zeros: a panel is [k][8]. The bias is [panels][8].
 */
import type { Activation } from "../../../network/network.js";
import { type Gates, laneOfColumn, TILE_WIDTH, tileOfColumn, tilesOf } from "../plan/gates.js";

/**
 * What the gates' columns are multiplied by: their kernels take exponents of 2 where they are sigmoids,
 * 1 / (1 + e^-x) = 1 / (1 + 2^(-x / ln 2)).
 */
export function gateScale(recurrentActivation: Activation): number {
  return recurrentActivation === "sigmoid" ? -Math.LOG2E : 1;
}

/** How a recurrent layer's weights are packed. */
export interface RecurrentPacking {
  readonly gates: Gates;
  readonly units: number;
  /** Of all gates but the candidate. */
  readonly scale: number;
}

/**
 * The kernel [inputs, gates * units] and recurrent kernel [units, gates * units] as tiles of [inputs + padded units][16].
 * With `inputs` 0 the tiles hold the recurrent kernel only.
 */
export function packRecurrent(
  { gates, units, scale }: RecurrentPacking,
  kernel: Float32Array,
  recurrentKernel: Float32Array,
  inputs: number,
): Float32Array {
  const tiles = tilesOf(units);
  const depth = inputs + 4 * tiles;
  const packed = new Float32Array(tiles * depth * TILE_WIDTH);
  const put = (from: Float32Array, rows: number, firstRow: number, vectors: readonly number[]): void => {
    const columns = vectors.length * units;
    for (let column = 0; column < columns; column++) {
      const by = Math.floor(column / units) === gates.candidate ? 1 : scale;
      let at =
        (tileOfColumn(column, units) * depth + firstRow) * TILE_WIDTH + laneOfColumn(column, units, vectors);
      for (let k = 0; k < rows; k++, at += TILE_WIDTH) packed[at] = by * from[k * columns + column]!;
    }
  };
  put(kernel, inputs, 0, gates.kernel);
  put(recurrentKernel, units, inputs, gates.recurrentKernel);
  return packed;
}

/**
 * A kernel [rows, gates * units] with its columns in the order of tiles, [rows, 16 * tiles], to be packed as a dense
 * layer's; a bias is one of one row.
 */
export function tileColumns(
  { gates, units, scale }: RecurrentPacking,
  kernel: Float32Array,
  rows: number,
  vectors: readonly number[] = gates.kernel,
): Float32Array {
  const width = TILE_WIDTH * tilesOf(units);
  const columns = vectors.length * units;
  const tiled = new Float32Array(rows * width);
  for (let column = 0; column < columns; column++) {
    const to = tileOfColumn(column, units) * TILE_WIDTH + laneOfColumn(column, units, vectors);
    const by = Math.floor(column / units) === gates.candidate ? 1 : scale;
    for (let k = 0; k < rows; k++) tiled[k * width + to] = by * kernel[k * columns + column]!;
  }
  return tiled;
}

/** The rows of the bias, each in the order of tiles, added up: [tiles][16]. */
export function packRecurrentBias(packing: RecurrentPacking, bias: Float32Array): Float32Array {
  const { gates, units } = packing;
  const length = bias.length / gates.bias.length;
  const [first, ...others] = gates.bias.map((vectors, row) =>
    tileColumns(packing, bias.subarray(row * length, (row + 1) * length), 1, vectors),
  );
  for (const other of others) for (let n = 0; n < TILE_WIDTH * tilesOf(units); n++) first![n]! += other[n]!;
  return first!;
}

/** A dense layer's weights as its kernel reads them. */
export interface PackedDense {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  readonly units: number;
  readonly activation: Activation;
}

/** Panels of eight columns that hold `columns` columns. */
export function panelsOf(columns: number): number {
  return Math.ceil(columns / 8);
}

/** Packs a kernel [depth, columns], or with `transposed` one of [columns, depth], into panels of [depth][8]. */
export function packDense(
  kernel: Float32Array,
  depth: number,
  columns: number,
  transposed = false,
): Float32Array {
  const packed = new Float32Array(panelsOf(columns) * depth * 8);
  for (let column = 0; column < columns; column++) {
    let at = (column >> 3) * depth * 8 + (column & 7);
    const step = transposed ? 1 : columns;
    let from = transposed ? column * depth : column;
    for (let k = 0; k < depth; k++, at += 8, from += step) packed[at] = kernel[from]!;
  }
  return packed;
}

/** A bias [columns] padded to whole panels. */
export function packDenseBias(bias: Float32Array, columns: number): Float32Array {
  const packed = new Float32Array(8 * panelsOf(columns));
  packed.set(bias);
  return packed;
}
