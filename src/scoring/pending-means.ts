/**
 * Means of values that windows give, while more windows come: a value is settled once no later window covers it, and
 * nothing is kept of it then.
 */
export class PendingMeans {
  /** The number of the first value that is not settled. */
  base = 0;
  /**
   * Of the values from `base` on: the sum over their windows so far, and how many those are. They are plain sums: a
   * running one would carry the rounding of one saturated score to every later value.
   */
  sums = new Float64Array(0);
  windows = new Int32Array(0);

  /** Makes room for the values up to `end`, `end` excluded. */
  reserve(end: number): void {
    const values = end - this.base;
    if (values <= this.sums.length) return;
    const sums = new Float64Array(values);
    const windows = new Int32Array(values);
    sums.set(this.sums);
    windows.set(this.windows);
    this.sums = sums;
    this.windows = windows;
  }

  /**
   * Writes the means of the values that are not settled yet, up to `end`.
   *
   * @param means gets them from `at` on; NaN where no window has a value.
   */
  settle(end: number, means: Float64Array | Float32Array, at: number): void {
    const values = end - this.base;
    const known = Math.min(values, this.sums.length);
    for (let i = 0; i < known; i++) means[at + i] = this.sums[i]! / this.windows[i]!;
    means.fill(Number.NaN, at + known, at + values);
    this.sums = this.sums.slice(known);
    this.windows = this.windows.slice(known);
    this.base = end;
  }
}
