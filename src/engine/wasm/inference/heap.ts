/** The engine's one shared memory, and who holds which part of it. */
import { HEAP } from "../pool/layout.js";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** Cache lines are not shared between two allocations. */
const ALIGNMENT = 64;

interface Span {
  at: number;
  bytes: number;
}

/**
 * A first-fit allocator that lives outside the memory it hands out, on the one thread that allocates. The same
 * allocations and releases in the same order give the same addresses, so models published and swapped for days
 * use no more memory than the first time. Neighbouring free spans are one span at once.
 */
export class SharedHeap {
  readonly memory: WebAssembly.Memory;
  /** Free spans by address; the memory after the last page is not among them. */
  readonly #free: Span[] = [];
  readonly #held = new Map<number, number>();
  #heldBytes = 0;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true });
    this.#free.push({ at: HEAP, bytes: 16 * PAGE_BYTES - HEAP });
  }

  /** Bytes handed out and not released. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes of the memory; it never shrinks. */
  get sizeBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * The address of `bytes` bytes, a multiple of 64; what they hold is undefined.
   *
   * @throws RangeError past 4 GiB.
   */
  allocate(bytes: number): number {
    const wanted = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let index = this.#free.findIndex((span) => span.bytes >= wanted);
    if (index < 0) index = this.#grow(wanted);
    const span = this.#free[index]!;
    const at = span.at;
    if (span.bytes === wanted) this.#free.splice(index, 1);
    else {
      span.at += wanted;
      span.bytes -= wanted;
    }
    this.#held.set(at, wanted);
    this.#heldBytes += wanted;
    return at;
  }

  release(at: number): void {
    const bytes = this.#held.get(at);
    if (bytes === undefined) throw new Error(`Nothing is allocated at ${at}.`);
    this.#held.delete(at);
    this.#heldBytes -= bytes;
    this.#insert(at, bytes);
  }

  /** Float32 view of a part of the memory. Good until the memory is grown or the part is released. */
  floats(at: number, length: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.memory.buffer, at, length);
  }

  words(at: number, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.memory.buffer, at, length);
  }

  /** Adds pages until the last free span has `bytes` bytes, and returns its index. */
  #grow(bytes: number): number {
    const size = this.sizeBytes;
    const last = this.#free.at(-1);
    const tail = last !== undefined && last.at + last.bytes === size ? last.bytes : 0;
    const pages = Math.ceil((bytes - tail) / PAGE_BYTES);
    if (size / PAGE_BYTES + pages > MAX_PAGES) {
      throw new RangeError(
        `The wasm engine's memory is full: ${bytes} more bytes do not fit in 4 GiB beside the ${this.#heldBytes} in use.`,
      );
    }
    this.memory.grow(pages);
    this.#insert(size, pages * PAGE_BYTES);
    return this.#free.length - 1;
  }

  #insert(at: number, bytes: number): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      this.#free.splice(low, 1);
    } else if (joinsBefore) before.bytes += bytes;
    else if (joinsAfter) {
      after.at = at;
      after.bytes += bytes;
    } else this.#free.splice(low, 0, { at, bytes });
  }
}
