/** One row of values for each timestep of a series from the rows of windows, as stitcher.ts does it for single values. */

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
  /** Of the rows from #base on: the sum over their windows so far, and how many those are. */
  #sums = new Float64Array(0);
  #windows = new Int32Array(0);
  #base = 0;

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
    this.#reserve((starts[starts.length - 1]! + start + steps - this.#base) * width);
    let i = 0;
    for (let window = 0; window < starts.length; window++) {
      const first = starts[window]! + start - this.#base;
      for (let step = 0; step < steps; step++) {
        const at = (first + (reversed ? steps - 1 - step : step)) * width;
        for (let place = at; place < at + width; place++, i++) {
          const value = values[i]!;
          if (!Number.isFinite(value)) continue;
          this.#sums[place]! += value;
          this.#windows[place]!++;
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
    const width = this.#width;
    const count = (end - this.#base) * width;
    const known = Math.min(count, this.#sums.length);
    const from = this.#base * width;
    for (let i = 0; i < known; i++) means[from + i] = this.#sums[i]! / this.#windows[i]!;
    means.fill(Number.NaN, from + known, from + count);
    this.#sums = this.#sums.slice(known);
    this.#windows = this.#windows.slice(known);
    this.#base = end;
  }

  #reserve(values: number): void {
    if (values <= this.#sums.length) return;
    const sums = new Float64Array(values);
    const windows = new Int32Array(values);
    sums.set(this.#sums);
    windows.set(this.#windows);
    this.#sums = sums;
    this.#windows = windows;
  }
}
