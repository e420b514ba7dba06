/**
 * One value for each timestep of a series from the values of windows: the mean over the windows that cover it. Scores
 * and coverages, of which a window has one, and timestep errors, of which it has T, are all stitched so. NaN is left out
 * of the mean.
 */
import { PendingMeans } from "./pending-means.js";

/**
 * Stitches the windows of a whole series.
 *
 * @param values [starts.length]
 * @param starts the first row of each window, increasing.
 * @returns [rows]; NaN where no window covers.
 */
export function stitchScores(
  values: Float64Array,
  starts: ArrayLike<number>,
  timesteps: number,
  rows: number,
): Float64Array {
  const stitcher = new Stitcher(timesteps);
  stitcher.add(values, starts);
  return stitcher.settle(rows);
}

/**
 * Stitches windows that come a few at a time. The mean of a row is known once no later window covers it; after that
 * nothing is kept of the row.
 */
export class Stitcher {
  readonly #timesteps: number;
  readonly #pending = new PendingMeans();

  constructor(timesteps: number) {
    this.#timesteps = timesteps;
  }

  /**
   * Adds the next windows.
   *
   * @param values [starts.length]
   * @param starts the first row of each window, increasing from call to call; none before the rows that are settled.
   */
  add(values: Float64Array, starts: ArrayLike<number>): void {
    if (starts.length === 0) return;
    const timesteps = this.#timesteps;
    this.#pending.reserve(starts[starts.length - 1]! + timesteps);
    const { base, sums, windows } = this.#pending;
    for (let i = 0; i < starts.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const first = starts[i]! - base;
      for (let row = first; row < first + timesteps; row++) {
        sums[row]! += value;
        windows[row]!++;
      }
    }
  }

  /**
   * Adds the next windows, which have a value for each of their timesteps.
   *
   * @param values [starts.length, T]; a NaN is left out of the mean of its row.
   * @param starts as for `add`.
   */
  addTimesteps(values: Float64Array, starts: ArrayLike<number>): void {
    if (starts.length === 0) return;
    const timesteps = this.#timesteps;
    this.#pending.reserve(starts[starts.length - 1]! + timesteps);
    const { base, sums, windows } = this.#pending;
    for (let i = 0; i < starts.length; i++) {
      const first = starts[i]! - base;
      for (let step = 0; step < timesteps; step++) {
        const value = values[i * timesteps + step]!;
        if (Number.isNaN(value)) continue;
        sums[first + step]! += value;
        windows[first + step]!++;
      }
    }
  }

  /**
   * The means of the rows that are not settled yet, up to `end`; no window added later may begin before it.
   *
   * @returns [rows]; NaN where no window covers.
   */
  settle(end: number): Float64Array {
    const means = new Float64Array(end - this.#pending.settled);
    this.#pending.settle(end, means, 0);
    return means;
  }
}
