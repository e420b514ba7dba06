/**
 * Where the arrays of a request come from. To allocate a typed array takes a fraction of a microsecond and memory
 * outside of the heap, which is freed late: a dozen of them take as long as scoring a window, and with thousands of
 * requests a second the garbage collector never rests. An arena gives a request arrays out of memory that earlier
 * requests have used.
 */

/** Makes typed arrays of `length` elements. Their first contents are anything: write before you read. */
export interface Arrays {
  float64(length: number): Float64Array;
  float32(length: number): Float32Array;
  uint8(length: number): Uint8Array;
  int8(length: number): Int8Array;
}

/** Allocates every array, for results that outlive the request. */
export const OWN_ARRAYS: Arrays = {
  float64: (length) => new Float64Array(length),
  float32: (length) => new Float32Array(length),
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
};

/** An arena does not grow beyond this: requests that need more are rare, and the rest is allocated for them. */
const MAX_ARENA_BYTES = 2 * 1024 * 1024;
/** The memory of the free arenas that a pool keeps; those above it are left to the garbage collector. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;

/** One buffer that the arrays of one request at a time are parts of. Arrays that do not fit are allocated. */
export class Arena implements Arrays {
  #buffer = new ArrayBuffer(4096);
  /** Bytes asked for since `clear`; more than the buffer has where some did not fit. */
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

  /**
   * Makes the whole buffer free again, and as large as the last request needed it, up to a limit. No array that came
   * from here may be in use.
   */
  clear(): void {
    const wanted = Math.min(this.#used, MAX_ARENA_BYTES);
    if (wanted > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(wanted);
    this.#used = 0;
  }

  #place(bytes: number): number | undefined {
    const at = this.#used;
    this.#used = at + ((bytes + 7) & ~7);
    return this.#used <= this.#buffer.byteLength ? at : undefined;
  }
}

/** Keeps the arenas of requests that are done for those to come. One that is never given back is garbage-collected. */
export class ArenaPool {
  readonly #free: Arena[] = [];
  #freeBytes = 0;

  take(): Arena {
    const arena = this.#free.pop();
    if (arena === undefined) return new Arena();
    this.#freeBytes -= arena.byteLength;
    return arena;
  }

  /** Takes an arena back. No array that came from it may be in use. */
  give(arena: Arena): void {
    arena.clear();
    if (this.#freeBytes + arena.byteLength > MAX_FREE_BYTES) return;
    this.#freeBytes += arena.byteLength;
    this.#free.push(arena);
  }

  /** Passes on the parts of an answer, and takes back the arena that they were made from after the last one. */
  *givingBack<T>(arena: Arena, parts: Iterable<T>): Generator<T, void> {
    yield* parts;
    this.give(arena);
  }
}
