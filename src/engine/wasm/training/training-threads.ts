/**
 * Where the batches of a trainer run: large ones on a pool of threads, small ones on the calling thread. Threads that share a
 * batch are woken for it and meet twice for each of its groups. That takes longer than the work of a small batch, above all
 * where other programs keep the processors busy: each meeting then waits for the thread that has to wait for a processor.
 */
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Kernels } from "../kernels.js";
import { JOB_KIND_TRAIN } from "../pool/layout.js";
import { OwnThread } from "../pool/own-thread.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { TRAINING } from "./layout.js";

/** For so long, small batches may keep the event loop from all else. */
const TURN_MS = 10;

export class TrainingThreads {
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #count: number;
  readonly #own: OwnThread;
  #pool: Promise<WorkerPool> | undefined;
  #turnBeganMs = performance.now();

  /** Starts nothing yet. @param count threads of the pool. */
  constructor(kernels: Kernels, memory: WebAssembly.Memory, count: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#count = count;
    this.#own = new OwnThread(kernels, memory);
  }

  /**
   * Runs the batch whose record stands in the memory, on the calling thread.
   * @throws ResiduaError INFERENCE_FAILED where the kernels fail.
   */
  async runHere(): Promise<void> {
    if (performance.now() - this.#turnBeganMs > TURN_MS) {
      await yieldToEventLoop();
      this.#turnBeganMs = performance.now();
    }
    this.#own.run(jobOn(1, 0));
  }

  /**
   * Runs the batch whose record stands in the memory on so many threads. Rejects where threads cannot start, and where one
   * dies of it.
   * @param work multiply-adds, roughly.
   */
  async run(threads: number, work: number): Promise<void> {
    this.#pool ??= WorkerPool.start(this.#kernels, this.#memory, this.#count);
    await (await this.#pool).run(jobOn(threads, work));
    this.#turnBeganMs = performance.now();
  }

  /** Ends the threads, once no batch runs. */
  async close(): Promise<void> {
    await (await this.#pool?.catch(() => undefined))?.close();
  }
}

function jobOn(threads: number, work: number) {
  return {
    kind: JOB_KIND_TRAIN,
    plan: TRAINING,
    rows: threads,
    work,
    blocks: threads,
    together: true,
    scratch: 0,
    scratchStride: 0,
    places: [],
  };
}
