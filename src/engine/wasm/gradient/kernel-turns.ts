/**
 * The kernels to be turned in each job, where vectors are joined (assembly/turned-kernels.ts): in parts of 16 rows for
 * threads to share out.
 */
import { LINE_BYTES } from "./batch-space.js";
import { LANES } from "./parameters.js";
import { recordWords, TURN_FIELDS } from "./records.js";

/** [tile][row][16], and how many tiles there are. */
export interface StoredKernel {
  readonly at: number;
  readonly tiles: number;
  readonly tileBytes: number;
}

export class KernelTurns {
  readonly #records: Int32Array[] = [];

  /** @param to where it is to stand, [16 rows][4 lanes][4 vectors][tile][16]. */
  add(kernel: StoredKernel, rows: number, to: number): void {
    for (let first = 0; first < rows; first += LANES) {
      this.#records.push(
        recordWords(TURN_FIELDS, {
          rows: Math.min(LANES, rows - first),
          tiles: kernel.tiles,
          from: kernel.at + first * LINE_BYTES,
          fromTile: kernel.tileBytes,
          to: to + first * kernel.tiles * LINE_BYTES,
        }),
      );
    }
  }

  records(): readonly Int32Array[] {
    return this.#records;
  }
}
