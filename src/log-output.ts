/**
 * Where the log goes: stdout, without ever waiting for whoever reads it. Lines are written several at a time; where the
 * reader does not keep up, some megabytes are kept, and lines beyond them are dropped and counted.
 */
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import pino from "pino";

/** Lines are written several at a time, each within this time. */
const FLUSH_MS = 100;
const WRITE_BYTES = 4096;
/** The most that is kept for a reader that does not keep up. */
const MOST_BYTES = 4 * 1024 * 1024;

export interface LogOutputOptions {
  /** The file descriptor; stdout by default. */
  readonly fd?: number;
  readonly mostBytes?: number;
  /** Called when everything kept has been written after lines were dropped, with their number. */
  readonly onCaughtUp?: (dropped: number) => void;
}

export class LogOutput {
  /** For `pino(options, destination)`. */
  readonly destination: ReturnType<typeof pino.destination>;
  /** Keeps the descriptor from blocking, for as long as it is not collected. */
  readonly #pipe: Socket | undefined;
  #dropped = 0;
  #isEnding = false;

  constructor({ fd = 1, mostBytes = MOST_BYTES, onCaughtUp }: LogOutputOptions = {}) {
    const kind = fstatSync(fd);
    // A write to a pipe that nobody reads would otherwise keep a thread for ever, and with it the end of the process.
    if (kind.isFIFO() || kind.isSocket()) this.#pipe = new Socket({ fd, readable: false }).unref();
    // Before pino's own listener, which would write out everything, however long that takes.
    process.once("exit", () => this.#writeWhatFits());
    this.destination = pino.destination({
      dest: fd,
      sync: false,
      minLength: WRITE_BYTES,
      maxLength: mostBytes,
      periodicFlush: FLUSH_MS,
      retryEAGAIN: () => !this.#isEnding,
    });
    let reported = 0;
    this.destination.on("drop", () => {
      this.#dropped += 1;
    });
    this.destination.on("drain", () => {
      if (this.#dropped === reported) return;
      onCaughtUp?.(this.#dropped - reported);
      reported = this.#dropped;
    });
    // A disk that is full, a reader that is gone: the service goes on without that part of its log.
    this.destination.on("error", () => undefined);
  }

  /** How many lines were dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes what is kept, but waits no longer than this. */
  async flush(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.destination.flush(() => resolve())),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      }),
    ]);
    clearTimeout(timer);
  }

  #writeWhatFits(): void {
    this.#isEnding = true;
    try {
      this.destination.flushSync();
    } catch {
      // The reader takes no more.
    }
    this.destination.destroy();
    this.#pipe?.unref();
  }
}
