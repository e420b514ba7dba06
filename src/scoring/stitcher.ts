/** `stitchScores` for windows that come in parts, without holding up whoever waits in between. */
export class Stitcher {
  /** [rows] */
  readonly #sums: Float64Array;
  readonly #windows: Int32Array;
  readonly #timesteps: number;

  constructor(rows: number, timesteps: number) {
    this.#sums = new Float64Array(rows);
    this.#windows = new Int32Array(rows);
    this.#timesteps = timesteps;
  }

  /** @param starts the first row of each window; a window whose value is NaN counts for nothing. */
  add(values: Float64Array, starts: ArrayLike<number>): void {
    for (let i = 0; i < starts.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const first = starts[i]!;
      for (let row = first; row < first + this.#timesteps; row++) {
        this.#sums[row]! += value;
        this.#windows[row]!++;
      }
    }
  }

  /**
   * [rows]: the mean over the windows that cover a row; NaN where none does. To be called once, at the end.
   */
  means(): Float64Array {
    for (let row = 0; row < this.#sums.length; row++) this.#sums[row]! /= this.#windows[row]!;
    return this.#sums;
  }
}
