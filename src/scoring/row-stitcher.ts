/** One row of values for each timestep of a series from the rows of windows, as stitcher.ts does it for single values. */
import { PendingMeans } from "./pending-means.js";

/** Where the rows of a window lie in it. */
export interface WindowRows {
  readonly start: number;
  readonly steps: number;
  /** Whether the last row comes first. */
  readonly reversed: boolean;
}

/**
 * Stitches rows of `width` values that come a few windows at a time: each value is the mean over the windows that have
 * one for it. What is not finite is left out of the mean. The mean of a row is known once no later window covers it.
 */
export class RowStitcher {
  readonly #width: number;
  /** Of the values of all rows, row by row. */
  readonly #pending = new PendingMeans();

  constructor(width: number) {
    this.#width = width;
  }

  /**
   * Adds the next windows.
   *
   * @param values [starts.length, steps, width]
   * @param starts the first row of each window, increasing from call to call; none before the rows that are settled.
   */
  add(values: ArrayLike<number>, starts: ArrayLike<number>, { start, steps, reversed }: WindowRows): void {
    if (starts.length === 0) return;
    const width = this.#width;
    this.#pending.reserve((starts[starts.length - 1]! + start + steps) * width);
    const { base, sums, windows } = this.#pending;
    let i = 0;
    for (let window = 0; window < starts.length; window++) {
      const first = starts[window]! + start;
      for (let step = 0; step < steps; step++) {
        const at = (first + (reversed ? steps - 1 - step : step)) * width - base;
        for (let place = at; place < at + width; place++, i++) {
          const value = values[i]!;
          if (!Number.isFinite(value)) continue;
          sums[place]! += value;
          windows[place]!++;
        }
      }
    }
  }

  /**
   * Writes the means of the rows that are not settled yet, up to `end`, to their places; no window added later may begin
   * before `end`.
   *
   * @param means [rows of the series, width]; NaN where no window has a value.
   */
  settle(end: number, means: Float32Array): void {
    this.#pending.settle(end * this.#width, means, this.#pending.settled);
  }
}
