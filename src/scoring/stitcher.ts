/**
 * `stitchScores` for windows that come in parts: a row's mean is known once no later window covers it, and then
 * nothing more is kept of the row.
 */
export class Stitcher {
  readonly #timesteps: number;
  /** Of the rows from #base on: the sum over their windows so far, and of how many. */
  #sums = new Float64Array(0);
  #windows = new Int32Array(0);
  #base = 0;

  constructor(timesteps: number) {
    this.#timesteps = timesteps;
  }

  /**
   * @param values [starts.length]; a window whose value is NaN counts for nothing.
   * @param starts the first row of each window, increasing from part to part; none before what is settled.
   */
  add(values: Float64Array, starts: ArrayLike<number>): void {
    if (starts.length === 0) return;
    this.#reserve(starts[starts.length - 1]! + this.#timesteps - this.#base);
    for (let i = 0; i < starts.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const first = starts[i]! - this.#base;
      for (let row = first; row < first + this.#timesteps; row++) {
        this.#sums[row]! += value;
        this.#windows[row]!++;
      }
    }
  }

  /**
   * The means of the rows that were not settled yet, up to `end`, which no window to come covers.
   *
   * @returns [rows]; NaN where no window covers.
   */
  settle(end: number): Float64Array {
    const rows = end - this.#base;
    const means = new Float64Array(rows).fill(Number.NaN);
    const known = Math.min(rows, this.#sums.length);
    for (let row = 0; row < known; row++) means[row] = this.#sums[row]! / this.#windows[row]!;
    this.#sums = this.#sums.slice(known);
    this.#windows = this.#windows.slice(known);
    this.#base = end;
    return means;
  }

  #reserve(rows: number): void {
    if (rows <= this.#sums.length) return;
    const sums = new Float64Array(rows);
    const windows = new Int32Array(rows);
    sums.set(this.#sums);
    windows.set(this.#windows);
    this.#sums = sums;
    this.#windows = windows;
  }
}
