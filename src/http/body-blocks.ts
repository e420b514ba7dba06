/** Collects the pieces of a body in few blocks: what it costs to pass them on does not depend on the pieces. */

/** The least size of a block whose body does not say how long it is; each is as long as all before it. */
const LEAST_BYTES = 65_536;
const MOST_BYTES = 4 * 1024 * 1024;

export class BodyBlocks {
  readonly #expected: number;
  readonly #full: Buffer[] = [];
  /** The block that is being filled; a first piece that is the whole body is not copied. */
  #block: Buffer | undefined;
  #used = 0;
  #length = 0;

  /** @param expected how many bytes the body says that it has; 0 where it does not. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#block === undefined && piece.length >= this.#expected && this.#expected > 0) {
      this.#block = piece;
      this.#used = piece.length;
      return;
    }
    let from = 0;
    while (from < piece.length) {
      if (this.#block === undefined || this.#used === this.#block.length) this.#grow(piece.length - from);
      const copied = piece.copy(this.#block!, this.#used, from);
      this.#used += copied;
      from += copied;
    }
  }

  /** All that was added, in order. */
  get blocks(): Buffer[] {
    return this.#block === undefined ? this.#full : [...this.#full, this.#block.subarray(0, this.#used)];
  }

  #grow(needed: number): void {
    if (this.#block !== undefined) this.#full.push(this.#block);
    const before = this.#length - needed;
    const size = before < this.#expected ? this.#expected - before : Math.max(LEAST_BYTES, needed, before);
    // Not of the pool that small buffers share: a block may be moved to another thread.
    this.#block = Buffer.allocUnsafeSlow(Math.min(size, Math.max(MOST_BYTES, this.#expected)));
    this.#used = 0;
  }
}
