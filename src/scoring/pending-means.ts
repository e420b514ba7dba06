/**
 * Means of values that windows give, while more windows come: a value is settled once no later window covers it, and
 * nothing is kept of it when room is made for the next ones.
 */
export class PendingMeans {
  /** The number of the value that `sums` and `windows` begin with: at most that of the first one that is not settled. */
  base = 0;
  /**
   * Of the values from `base` on: the sum over their windows so far, and how many those are. They are plain sums: a
   * running one would carry the rounding of one saturated score to every later value.
   */
  sums = new Float64Array(0);
  windows = new Int32Array(0);
  #settled = 0;

  /** The number of the first value that is not settled. */
  get settled(): number {
    return this.#settled;
  }

  /** Makes room for the values up to `end`, `end` excluded. */
  reserve(end: number): void {
    if (end - this.base <= this.sums.length) return;
    const sums = new Float64Array(end - this.#settled);
    const windows = new Int32Array(end - this.#settled);
    const kept = this.#settled - this.base;
    sums.set(this.sums.subarray(kept));
    windows.set(this.windows.subarray(kept));
    this.sums = sums;
    this.windows = windows;
    this.base = this.#settled;
  }

  /**
   * Writes the means of the values that are not settled yet, up to `end`. It takes as long as they are many, however many
   * more there is room for: what is settled is left where it is.
   *
   * @param means gets them from `at` on; NaN where no window has a value.
   */
  settle(end: number, means: Float64Array | Float32Array, at: number): void {
    const values = end - this.#settled;
    const first = this.#settled - this.base;
    const known = Math.max(0, Math.min(values, this.sums.length - first));
    for (let i = 0; i < known; i++) means[at + i] = this.sums[first + i]! / this.windows[first + i]!;
    means.fill(Number.NaN, at + known, at + values);
    this.#settled = end;
    if (end - this.base < this.sums.length) return;
    this.sums = new Float64Array(0);
    this.windows = new Int32Array(0);
    this.base = end;
  }
}
