/**
 * Threads that read large bodies. Each reads one at a time; the others wait here, where they are dropped once
 * nobody waits for them any more. A thread whose body takes too long, or is no longer waited for, is ended, and another
 * one started in its place.
 */
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { ClientGoneError, ResiduaError } from "../errors.js";
import { addressOf } from "../serving/remote-address.js";
import type { BodyAnswer, BodyQuestion, BodyReading, BodyWaits, ReadBody } from "./body-questions.js";
import { timerMsUntil } from "./deadline.js";
import type { RawBody } from "./raw-body.js";

interface Task {
  readonly body: RawBody;
  readonly reading: BodyReading;
  readonly waits: BodyWaits;
  readonly settle: (error: Error | undefined, body?: ReadBody) => void;
  /** Whether it has been settled, so that nobody waits for it any more. */
  isSettled: boolean;
  /** When a thread began to read it, on the clock of `performance.now()`. */
  beganAtMs: number;
  /** Whether nobody waited for it when it was last looked at. */
  wasAbandoned: boolean;
}

/** With two, a body that takes long does not hold up all others. */
const USUAL_THREADS = 2;
/** One more where the others have been busy for SLOW_MS, for addresses of which no body is being read. */
const MOST_THREADS = USUAL_THREADS + 1;
const SLOW_MS = 1000;
/** How often bodies that are being read are looked at: so long, or twice, a body is read that nobody waits for. */
const CHECK_MS = 500;
/**
 * How long a body may be read, and how much longer for each MiB of it. Those of the usual size take milliseconds; JSON of
 * 16 MiB takes seconds, as does a Parquet file of few bytes and millions of rows.
 */
export const READING_MS = 30_000;
const READING_MS_A_MIB = 1000;
const MIB = 2 ** 20;
const SEMI_SPACE_MIB = 16;
/** Threads without work are ended after this time, which frees their memory. */
const IDLE_MS = 30_000;

export class BodyThreads {
  readonly #tasks: Task[] = [];
  /** The threads, and what each reads. */
  readonly #threads = new Map<Worker, Task | undefined>();
  readonly #readingMs: number;
  #idleTimer: NodeJS.Timeout | undefined;
  /** While bodies are being read. */
  #checkTimer: NodeJS.Timeout | undefined;

  /** @param readingMs how long a body may be read; a second more for each MiB of it. */
  constructor(readingMs = READING_MS) {
    this.#readingMs = readingMs;
  }

  /**
   * Rejects with DEADLINE_EXCEEDED at the deadline, and where the reading takes too long; with ClientGoneError; and with what
   * the reading throws.
   *
   * @param body must not be used again: its memory is moved to a thread.
   */
  read<T extends ReadBody>(body: RawBody, reading: BodyReading, waits: BodyWaits): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (error: Error | undefined, read?: ReadBody): void => {
        clearTimeout(timer);
        task.isSettled = true;
        if (error === undefined) resolve(read as T);
        else reject(error);
      };
      const task: Task = {
        body,
        reading,
        waits,
        settle,
        isSettled: false,
        beganAtMs: 0,
        wasAbandoned: false,
      };
      if (waits.deadlineAtMs !== undefined) {
        timer = setTimeout(() => this.#expire(task), timerMsUntil(waits.deadlineAtMs));
      }
      this.#tasks.push(task);
      this.#next();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    clearInterval(this.#checkTimer);
    this.#checkTimer = undefined;
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
    for (let place = this.#tasks.length - 1; place >= 0; place--) {
      if (this.#tasks[place]!.waits.client?.destroyed !== true) continue;
      const [gone] = this.#tasks.splice(place, 1);
      gone!.settle(new ClientGoneError("The client hung up before its body was read."));
    }
    while (this.#tasks.length > 0) {
      const read = this.#readOfAddresses();
      const readOf = (task: Task): number => read.get(addressOf(task.waits.client)) ?? 0;
      // The first of those of whose address the fewest are being read.
      const task = this.#tasks.reduce((first, other) => (readOf(other) < readOf(first) ? other : first));
      const thread = this.#freeThread(readOf(task) === 0);
      if (thread === undefined) return;
      this.#tasks.splice(this.#tasks.indexOf(task), 1);
      this.#give(thread, task);
    }
    if ([...this.#threads.values()].some((task) => task !== undefined)) return;
    clearInterval(this.#checkTimer);
    this.#checkTimer = undefined;
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref();
  }

  /** How many bodies of each address are being read. */
  #readOfAddresses(): Map<string | undefined, number> {
    const read = new Map<string | undefined, number>();
    for (const task of this.#threads.values()) {
      if (task === undefined) continue;
      const address = addressOf(task.waits.client);
      read.set(address, (read.get(address) ?? 0) + 1);
    }
    return read;
  }

  /** @param isFirst whether no other body of the address is being read. */
  #freeThread(isFirst: boolean): Worker | undefined {
    const busy = [...this.#threads.values()].filter((task) => task !== undefined);
    const now = performance.now();
    const isExtra = isFirst && busy.every(({ beganAtMs }) => now - beganAtMs >= SLOW_MS);
    if (busy.length >= (isExtra ? MOST_THREADS : USUAL_THREADS)) return undefined;
    for (const [thread, task] of this.#threads) if (task === undefined) return thread;
    return this.#start();
  }

  /** Looks at the bodies that are being read: ends the reading of those that take too long, or that nobody waits for. */
  #check(): void {
    const now = performance.now();
    for (const [thread, task] of [...this.#threads]) {
      if (task === undefined) continue;
      const mostMs = this.#readingMs + (task.body.length / MIB) * READING_MS_A_MIB;
      const isGone = task.waits.client?.destroyed === true;
      const isAbandoned = task.isSettled || isGone;
      // To start a thread takes longer than to read most bodies: one that nobody waits for has a moment to end.
      if ((isAbandoned && task.wasAbandoned) || now - task.beganAtMs >= mostMs) {
        this.#threads.delete(thread);
        void thread.terminate();
        task.settle(
          isGone
            ? new ClientGoneError("The client hung up while its body was read.")
            : tooSlow(task.body, mostMs),
        );
      }
      task.wasAbandoned = isAbandoned;
    }
    this.#next();
  }

  #give(thread: Worker, task: Task): void {
    this.#threads.set(thread, task);
    task.beganAtMs = performance.now();
    this.#checkTimer ??= setInterval(() => this.#check(), CHECK_MS).unref();
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

function tooSlow({ length }: RawBody, mostMs: number): ResiduaError {
  return new ResiduaError(
    "DEADLINE_EXCEEDED",
    `The body was still being read after ${Math.ceil(mostMs / 1000)} s, the most that one of ${length} bytes may take; send it in parts.`,
  );
}
