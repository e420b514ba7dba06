/**
 * Uploads that may take longer than other requests: a gigabyte over a slow line takes hours. They are ended where nothing
 * of them arrives for a while, as a request is that does not arrive in time.
 */
import type { IncomingMessage, Server } from "node:http";
import { mayTakeLong } from "./broken-request.js";
import { discard } from "./raw-body.js";

const CHECK_MS = 1000;

export interface UploadTimes {
  /** How long nothing may arrive. */
  readonly stalledMs: number;
  /** How long the rest of a body that was refused may take to arrive. */
  readonly requestMs: number;
}

export class LongUpload {
  readonly #request: IncomingMessage;
  readonly #times: UploadTimes;
  readonly #timer: NodeJS.Timeout;
  /** Whether it is the client's turn; else what has arrived is being stored, and more is not read. */
  #isWaiting = false;
  #seenBytes = 0;
  #seenAtMs = performance.now();

  /** To be ended with `end`. */
  constructor(server: Server, request: IncomingMessage, times: UploadTimes) {
    this.#request = request;
    this.#times = times;
    mayTakeLong(request.socket, true);
    this.#timer = setInterval(() => this.#check(server), Math.min(CHECK_MS, times.stalledMs / 2));
  }

  /** The same chunks; while one is waited for, the client is expected to send. */
  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        this.#wait();
        const { done, value } = await iterator.next();
        this.#isWaiting = false;
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Drops the rest of a body that is refused: a client that is still sending would not read the answer. */
  async discard(): Promise<void> {
    this.#wait();
    const limit = setTimeout(() => this.#request.socket.destroy(), this.#times.requestMs);
    await new Promise<void>((resolve) => {
      this.#request.once("close", resolve);
      discard(this.#request, resolve);
    });
    clearTimeout(limit);
  }

  end(): void {
    clearInterval(this.#timer);
    mayTakeLong(this.#request.socket, false);
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#seenAtMs = performance.now();
  }

  #check(server: Server): void {
    const { socket } = this.#request;
    const now = performance.now();
    if (!this.#isWaiting || socket.bytesRead !== this.#seenBytes) {
      this.#seenBytes = socket.bytesRead;
      this.#seenAtMs = now;
    } else if (now - this.#seenAtMs >= this.#times.stalledMs) {
      this.end();
      const error = new Error("nothing of the upload arrives");
      server.emit("clientError", Object.assign(error, { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
    }
  }
}
