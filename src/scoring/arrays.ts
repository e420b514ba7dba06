/**
 * Where a request's arrays come from. Each array of its own costs a fraction of a microsecond, and memory outside of
 * the heap, which is freed late: a dozen of them cost as much as scoring a window, and thousands of requests a second
 * make the collector run all the time.
 */

/** What is in the arrays at first is undefined. */
export interface Arrays {
  float64(length: number): Float64Array;
  float32(length: number): Float32Array;
  uint8(length: number): Uint8Array;
  int8(length: number): Int8Array;
}

/** Every array on its own, for whoever keeps them. */
export const OWN_ARRAYS: Arrays = {
  float64: (length) => new Float64Array(length),
  float32: (length) => new Float32Array(length),
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
};

/** A request that needs more than this is one of few, and gets arrays of its own. */
const MAX_SLAB_BYTES = 2 * 1024 * 1024;
/** What a pool holds on to. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;

/** One piece of memory for the arrays of one request at a time. */
export class Slab implements Arrays {
  #buffer = new ArrayBuffer(4096);
  /** What was asked for since `clear`, also beyond the buffer's end. */
  #used = 0;

  float64(length: number): Float64Array {
    const at = this.#place(8 * length);
    return at === undefined ? new Float64Array(length) : new Float64Array(this.#buffer, at, length);
  }

  float32(length: number): Float32Array {
    const at = this.#place(4 * length);
    return at === undefined ? new Float32Array(length) : new Float32Array(this.#buffer, at, length);
  }

  uint8(length: number): Uint8Array {
    const at = this.#place(length);
    return at === undefined ? new Uint8Array(length) : new Uint8Array(this.#buffer, at, length);
  }

  int8(length: number): Int8Array {
    const at = this.#place(length);
    return at === undefined ? new Int8Array(length) : new Int8Array(this.#buffer, at, length);
  }

  get byteLength(): number {
    return this.#buffer.byteLength;
  }

  /** For the next request: no array of the last one may be in use. Grows to what was asked for, within bounds. */
  clear(): void {
    const wanted = Math.min(this.#used, MAX_SLAB_BYTES);
    if (wanted > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(wanted);
    this.#used = 0;
  }

  #place(bytes: number): number | undefined {
    const at = this.#used;
    this.#used = at + ((bytes + 7) & ~7);
    return this.#used <= this.#buffer.byteLength ? at : undefined;
  }
}

/** The slabs of requests that are done, for those to come. One that is never given back is the collector's. */
export class SlabPool {
  readonly #free: Slab[] = [];
  #freeBytes = 0;

  take(): Slab {
    const slab = this.#free.pop();
    if (slab === undefined) return new Slab();
    this.#freeBytes -= slab.byteLength;
    return slab;
  }

  /** No array of the slab may be in use any more. */
  give(slab: Slab): void {
    slab.clear();
    if (this.#freeBytes + slab.byteLength > MAX_FREE_BYTES) return;
    this.#freeBytes += slab.byteLength;
    this.#free.push(slab);
  }

  /** The same parts; once all have been taken, the slab they were made from is free. */
  *givingBack<T>(slab: Slab, parts: Iterable<T>): Generator<T, void> {
    yield* parts;
    this.give(slab);
  }
}
