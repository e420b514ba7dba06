/**
 * Threads that read large bodies. Each reads one at a time; the others wait here, where they are dropped once
 * nobody waits for them any more.
 */
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { ClientGoneError, type ErrorCode, ResiduaError, type Violation } from "../errors.js";
import type { DataBody, DataReading } from "./data-body.js";
import type { InferBody } from "./inference/infer-request.js";
import type { RawBody } from "./raw-body.js";
import type { ScoreLimits, WindowsBody } from "./score-request.js";
import type { SeriesBody } from "./series-body.js";
import type { TableReading } from "./table-body.js";

export type ReadBody = WindowsBody | SeriesBody | InferBody | DataBody;

/** How a body is read. */
export type BodyReading =
  | { readonly kind: "data"; readonly reading: DataReading }
  | ({ readonly limits: ScoreLimits } & (
      | { readonly kind: "score" }
      | { readonly kind: "table"; readonly reading: TableReading }
      | { readonly kind: "infer"; readonly headerLength: number | undefined }
    ));

/** What the thread is sent: a body to read. */
export type BodyQuestion = BodyReading & { readonly pieces: readonly Uint8Array[] };

/** What the thread sends back: the body that it read, or why it was refused. */
export interface BodyAnswer {
  readonly body?: ReadBody;
  readonly refusal?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly violations: readonly Violation[];
  };
}

/** Who waits for a body. */
export interface BodyWaits {
  /** On the clock of `performance.now()`. */
  readonly deadlineAtMs?: number | undefined;
  readonly client?: { readonly destroyed: boolean } | undefined;
}

interface Task {
  readonly body: RawBody;
  readonly reading: BodyReading;
  readonly waits: BodyWaits;
  readonly settle: (error: Error | undefined, body?: ReadBody) => void;
}

/** With two, a body that takes long does not hold up all others. */
const MOST_THREADS = 2;
const SEMI_SPACE_MIB = 16;
/** Threads without work are ended after this time, which frees their memory. */
const IDLE_MS = 30_000;

export class BodyThreads {
  readonly #tasks: Task[] = [];
  /** The threads, and what each reads. */
  readonly #threads = new Map<Worker, Task | undefined>();
  #idleTimer: NodeJS.Timeout | undefined;

  /** @param body must not be used again: its memory is moved to a thread. */
  read<T extends ReadBody>(body: RawBody, reading: BodyReading, waits: BodyWaits): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (error: Error | undefined, read?: ReadBody): void => {
        clearTimeout(timer);
        if (error === undefined) resolve(read as T);
        else reject(error);
      };
      const task = { body, reading, waits, settle };
      if (waits.deadlineAtMs !== undefined) {
        const ms = Math.min(Math.max(0, Math.ceil(waits.deadlineAtMs - performance.now())), 2 ** 31 - 1);
        timer = setTimeout(() => this.#expire(task), ms);
      }
      this.#tasks.push(task);
      this.#next();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = [...this.#threads.keys()];
    const tasks = [...this.#threads.values(), ...this.#tasks.splice(0)];
    this.#threads.clear();
    for (const task of tasks) task?.settle(new ResiduaError("INTERNAL", "The service ends."));
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #expire(task: Task): void {
    const place = this.#tasks.indexOf(task);
    if (place >= 0) this.#tasks.splice(place, 1);
    task.settle(new ResiduaError("DEADLINE_EXCEEDED", "The deadline passed while the body was read."));
  }

  /** Gives waiting bodies to free threads. */
  #next(): void {
    clearTimeout(this.#idleTimer);
    while (this.#tasks.length > 0) {
      if (this.#tasks[0]!.waits.client?.destroyed === true) {
        const gone = this.#tasks.shift()!;
        gone.settle(new ClientGoneError("The client hung up before its body was read."));
        continue;
      }
      const thread = this.#freeThread();
      if (thread === undefined) return;
      this.#give(thread, this.#tasks.shift()!);
    }
    if ([...this.#threads.values()].some((task) => task !== undefined)) return;
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref();
  }

  #freeThread(): Worker | undefined {
    for (const [thread, task] of this.#threads) if (task === undefined) return thread;
    return this.#threads.size < MOST_THREADS ? this.#start() : undefined;
  }

  #give(thread: Worker, task: Task): void {
    this.#threads.set(thread, task);
    // A piece that is only a part of its buffer is copied: the rest of the buffer belongs to others.
    const pieces = task.body.pieces.map((piece) =>
      piece.byteLength === piece.buffer.byteLength ? piece : new Uint8Array(piece),
    );
    const message: BodyQuestion = { ...task.reading, pieces };
    thread.postMessage(
      message,
      pieces.map(({ buffer }) => buffer as ArrayBuffer),
    );
  }

  #start(): Worker {
    // JSON.parse makes millions of objects that live until it ends. In a young generation that stays at its first
    // size, as heap-growth.ts has it, each is moved twice in thousands of small collections. The flag sets the first
    // size of heaps that are made from here on.
    setFlagsFromString(`--min-semi-space-size=${SEMI_SPACE_MIB}`);
    const thread = new Worker(new URL("./body-worker.js", import.meta.url), { name: "residua-body-reader" });
    let cause: unknown;
    thread
      .on("message", ({ body, refusal }: BodyAnswer) => {
        const task = this.#threads.get(thread);
        if (this.#threads.has(thread)) this.#threads.set(thread, undefined);
        if (refusal === undefined) task?.settle(undefined, body);
        else
          task?.settle(new ResiduaError(refusal.code, refusal.message, { violations: refusal.violations }));
        this.#next();
      })
      .once("error", (error) => {
        cause = error;
      })
      .once("exit", () => {
        const task = this.#threads.get(thread);
        this.#threads.delete(thread);
        task?.settle(new ResiduaError("INTERNAL", "The thread that reads large bodies ended.", { cause }));
        this.#next();
      })
      .unref();
    this.#threads.set(thread, undefined);
    return thread;
  }
}
