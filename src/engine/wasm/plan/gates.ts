/**
 * How the gates of a recurrent layer stand in tiles, which inference and training share: a tile is four vectors of four
 * units each.
 */
import type { RecurrentLayer } from "./plan.js";

export interface Gates {
  /**
   * By gate, in Keras's order of a kernel's columns [gate][unit]: which of the four vectors of a tile it stands in. The
   * recurrent kernel may put the same gate elsewhere, so that its product is not added to the kernel's.
   */
  readonly kernel: readonly number[];
  readonly recurrentKernel: readonly number[];
  /** The same of each row of the bias: an LSTM has one row, a GRU one for the kernel and one for the recurrent kernel. */
  readonly bias: readonly (readonly number[])[];
  /** The gate that has the activation and not the recurrent one. */
  readonly candidate: number;
}

export const GATES: Readonly<Record<RecurrentLayer["kind"], Gates>> = {
  // i, f, c, o
  lstm: { kernel: [0, 1, 2, 3], recurrentKernel: [0, 1, 2, 3], bias: [[0, 1, 2, 3]], candidate: 2 },
  // z, r, h: the state's part of the candidate is multiplied by r, so that it stands in the fourth vector by itself.
  gru: {
    kernel: [0, 1, 2],
    recurrentKernel: [0, 1, 3],
    bias: [
      [0, 1, 2],
      [0, 1, 3],
    ],
    candidate: 2,
  },
};

/** Floats of a row of a tile. */
export const TILE_WIDTH = 16;

/** Tiles that hold `units` units. */
export function tilesOf(units: number): number {
  return Math.ceil(units / 4);
}

/** The tile of column `gate * units + unit` of a kernel or bias. */
export function tileOfColumn(column: number, units: number): number {
  return Math.floor((column % units) / 4);
}

/** The vector of a tile that no gate stands in, numbered from 1; 0 where there is none. */
export function unusedVector(vectors: readonly number[]): number {
  return [0, 1, 2, 3].findIndex((vector) => !vectors.includes(vector)) + 1;
}

/**
 * The place within a row of the tile of the same column.
 * @param vectors by gate: `kernel` or `recurrentKernel` of the layer's Gates.
 */
export function laneOfColumn(column: number, units: number, vectors: readonly number[]): number {
  return 4 * vectors[Math.floor(column / units)]! + ((column % units) % 4);
}
