/** The threads of one trainer, which work on one job together. */
import { Worker } from "node:worker_threads";
import type { Kernels } from "../kernels.js";
import { CLOSED, MAX_THREADS, TICKETS } from "./records.js";
import type { WorkerData } from "./worker.js";

export class TrainingThreads {
  readonly #words: Int32Array;
  readonly #workers: readonly Worker[];
  #finished: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  #failure: Error | undefined;

  constructor(kernels: Kernels, memory: WebAssembly.Memory, threads: number) {
    this.#words = new Int32Array(memory.buffer);
    this.#workers = Array.from({ length: Math.min(threads, MAX_THREADS) }, (_, index) => {
      const workerData: WorkerData = { kernels, memory, index };
      const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData, execArgv: [] });
      worker.on("message", () => this.#finished?.());
      worker.on("error", (error) => this.#fail(error));
      worker.on("exit", (code) => this.#fail(new Error(`A training thread ended with status ${code}.`)));
      // An idle trainer does not keep the process alive.
      worker.unref();
      return worker;
    });
  }

  get count(): number {
    return this.#workers.length;
  }

  /** Runs the job that stands in memory on the first `count` threads; there is one at a time. */
  async run(count: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const worker of this.#workers) worker.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#finished = resolve;
        this.#failed = reject;
        this.#wake(count);
      });
    } finally {
      for (const worker of this.#workers) worker.unref();
    }
  }

  async close(): Promise<void> {
    this.#failure ??= new Error("The trainer is closed.");
    Atomics.store(this.#words, CLOSED / 4, 1);
    this.#wake(this.count);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #wake(count: number): void {
    for (let ticket = TICKETS / 4; ticket < TICKETS / 4 + count; ticket++) {
      Atomics.add(this.#words, ticket, 1);
      Atomics.notify(this.#words, ticket);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#failed?.(this.#failure);
  }
}
