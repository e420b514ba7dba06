/** A column of words, each kept once. */

/** Of a column with more different words, nothing is kept: it names no groups. */
const MOST_WORDS = 1000;

export class TextColumn {
  readonly #most: number;
  readonly #codes = new Map<string, number>();
  #of = new Int32Array(1024);
  #rows = 0;

  /** @param most different words; where there are more, the column is not whole, and nothing is kept. */
  constructor(most = MOST_WORDS) {
    this.#most = most;
  }

  /** Whether all cells are kept. */
  get isWhole(): boolean {
    return this.#codes.size <= this.#most;
  }

  add(cell: string): void {
    if (!this.isWhole) return;
    let code = this.#codes.get(cell);
    if (code === undefined) {
      code = this.#codes.size;
      this.#codes.set(cell, code);
    }
    if (this.#rows === this.#of.length) {
      const larger = new Int32Array(this.#of.length * 2);
      larger.set(this.#of);
      this.#of = larger;
    }
    this.#of[this.#rows++] = code;
  }

  /** `of` [rows] is, for each row, the index of its word in `names`. */
  take(): { readonly of: Int32Array; readonly names: readonly string[] } {
    return { of: this.#of.slice(0, this.#rows), names: [...this.#codes.keys()] };
  }
}
