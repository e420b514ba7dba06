/**
 * The kernels that each job transposes first where vectors are wide (kernels/training/assembly/transposed-kernels.ts): in
 * parts of 16 rows for threads to share out.
 */
import { record } from "../plan/records.js";
import { LINE_BYTES } from "./batch-space.js";
import {
  TRANSPOSITION_FROM,
  TRANSPOSITION_FROM_TILE,
  TRANSPOSITION_ROWS,
  TRANSPOSITION_TILES,
  TRANSPOSITION_TO,
  TRANSPOSITION_WORDS,
} from "./layout.js";
import { LANES } from "./parameters.js";

/** [tile][row][16], and how many tiles there are. */
export interface StoredKernel {
  readonly at: number;
  readonly tiles: number;
  readonly tileBytes: number;
}

export class Transpositions {
  readonly #records: Int32Array[] = [];

  /** @param to the address of the transposed kernel, [16 rows][4 lanes][4 vectors][tile][16]. */
  add(kernel: StoredKernel, rows: number, to: number): void {
    for (let first = 0; first < rows; first += LANES) {
      this.#records.push(
        record(TRANSPOSITION_WORDS, {
          [TRANSPOSITION_ROWS]: Math.min(LANES, rows - first),
          [TRANSPOSITION_TILES]: kernel.tiles,
          [TRANSPOSITION_FROM]: kernel.at + first * LINE_BYTES,
          [TRANSPOSITION_FROM_TILE]: kernel.tileBytes,
          [TRANSPOSITION_TO]: to + first * kernel.tiles * LINE_BYTES,
        }),
      );
    }
  }

  records(): readonly Int32Array[] {
    return this.#records;
  }
}
