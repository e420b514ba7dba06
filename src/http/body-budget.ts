/**
 * The bytes of bodies that are held at once, over all connections. Bodies that came in one piece are read at
 * once and do not count; the others count from their second piece to the end of their request.
 */
import { setInterval } from "node:timers";
import { ResiduaError } from "../errors.js";

export interface Upload {
  /** Counts bytes that arrived. @throws ResiduaError QUEUE_FULL where they do not fit. */
  add(bytes: number): void;
  /** All of it has arrived: it can no longer stall. */
  complete(): void;
  /** Its bytes are no longer held. To be called once. */
  release(): void;
}

/** An upload of which nothing arrives for so long is ended. */
const STALLED_MS = 15_000;
const CHECK_MS = 1000;
/** When to try again: a body takes about as long to arrive and to be read. */
const RETRY_SECONDS = 1;

/** A body that is not complete. */
interface Arriving {
  held: number;
  /** How much was held when it was last seen to grow, and when that was. */
  seen: number;
  seenAtMs: number;
  readonly end: () => void;
}

export class BodyBudget {
  readonly #mostBytes: number;
  /** After how many milliseconds in which nothing of it arrives a body is ended. */
  readonly stalledMs: number;
  readonly #arriving = new Set<Arriving>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(mostBytes: number, stalledMs = STALLED_MS) {
    this.#mostBytes = mostBytes;
    this.stalledMs = stalledMs;
  }

  /** The bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A body that is alone always has room. @throws ResiduaError QUEUE_FULL where one of so many bytes has none. */
  check(bytes: number): void {
    if (this.#bytes === 0 || this.#bytes + bytes <= this.#mostBytes) return;
    throw new ResiduaError(
      "QUEUE_FULL",
      `Bodies of ${this.#bytes} bytes are in flight, and up to ${this.#mostBytes} may be: there is no room for ${bytes} more.`,
      { retryAfterSeconds: RETRY_SECONDS },
    );
  }

  /** Begins to count a body. @param end is called where it stalls. */
  begin(end: () => void): Upload {
    const own: Arriving = { held: 0, seen: 0, seenAtMs: performance.now(), end };
    this.#arriving.add(own);
    this.#timer ??= setInterval(() => this.#endStalled(), Math.min(CHECK_MS, this.stalledMs)).unref();
    const complete = (): void => {
      this.#arriving.delete(own);
      if (this.#arriving.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
    return {
      add: (bytes) => {
        if (this.#bytes > own.held) this.check(bytes);
        own.held += bytes;
        this.#bytes += bytes;
      },
      complete,
      release: () => {
        complete();
        this.#bytes -= own.held;
        own.held = 0;
      },
    };
  }

  #endStalled(): void {
    const now = performance.now();
    for (const upload of [...this.#arriving]) {
      if (upload.held === upload.seen && now - upload.seenAtMs >= this.stalledMs) upload.end();
      if (upload.held === upload.seen) continue;
      upload.seen = upload.held;
      upload.seenAtMs = now;
    }
  }
}
