/** The worker threads of an engine or a trainer: jobs go in through shared memory, and come back as settled promises. */
import type { Worker } from "node:worker_threads";
import { ResiduaError } from "../../../errors.js";
import type { Kernels } from "../kernels.js";
import { EventLoopLoad } from "./event-loop-load.js";
import { describeJob, type Job, slotOf } from "./job.js";
import {
  CONTROL,
  CONTROL_AWAKE,
  CONTROL_SPINS,
  CONTROL_STOP,
  CONTROL_SUBMITTED,
  JOB_PENDING,
  JOB_UNCLAIMED,
  JOB_WORDS,
  RING,
  RING_SLOTS,
} from "./layout.js";
import { OwnThread } from "./own-thread.js";
import { startWorker } from "./start-worker.js";

/** How often an idle worker looks for a job before it sleeps: some tens of microseconds, less than waking it takes. */
const SPINS = 4_000;

/**
 * Multiply-adds, about a millisecond's, that are worth waking one more worker for while the thread that submits is
 * busy itself: for less, the two would only share one processor.
 */
const WORK_OF_A_WORKER = 40e6;

interface Submission {
  readonly job: Job;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Threads that work on jobs in one shared memory. A thread that dies is replaced. */
export class WorkerPool {
  readonly threads: number;
  /** How often a thread ended unasked, so that all were started again. */
  restarts = 0;
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #control: Int32Array;
  readonly #ring: Int32Array;
  readonly #workers = new Set<Worker>();
  /** By job number; those in the ring come first. */
  readonly #running = new Map<number, Submission>();
  readonly #waiting: Submission[] = [];
  #submitted = 0;
  #idle: (() => void)[] = [];
  #closing = false;
  #restarting = false;
  readonly #own: OwnThread;
  readonly #loop = new EventLoopLoad();

  private constructor(kernels: Kernels, memory: WebAssembly.Memory, threads: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.threads = threads;
    this.#own = new OwnThread(kernels, memory);
    this.#control = new Int32Array(memory.buffer, CONTROL, 8);
    this.#ring = new Int32Array(memory.buffer, RING, RING_SLOTS * JOB_WORDS);
    this.#control[CONTROL_SPINS] = SPINS;
  }

  /**
   * Resolves when every thread is ready, and rejects where one cannot start.
   * @param memory whose first HEAP bytes (layout.ts) are the pool's own.
   */
  static async start(kernels: Kernels, memory: WebAssembly.Memory, threads: number): Promise<WorkerPool> {
    const pool = new WorkerPool(kernels, memory, threads);
    await pool.#start();
    return pool;
  }

  /**
   * Runs every block of a job. Rejects with ResiduaError: INFERENCE_FAILED where a thread died meanwhile, or no thread
   * can be started, and SHUTTING_DOWN once the pool is closed. What the job reads must stay where it is until the promise
   * settles.
   */
  run(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing) {
        reject(new ResiduaError("SHUTTING_DOWN", "The wasm engine is closed."));
        return;
      }
      const submission = { job, resolve, reject };
      if (this.#restarting || this.#waiting.length > 0 || this.#occupied(this.#submitted)) {
        this.#waiting.push(submission);
      } else if (this.#workers.size === 0) {
        // None could be started when the last ones had died; what was missing then may be there now.
        this.#waiting.push(submission);
        void this.#restart();
      } else this.#submit(submission);
      if (this.#running.size === 1) for (const worker of this.#workers) worker.ref();
    });
  }

  /** Whether no job is under way, and none waits. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0 && !this.#closing && !this.#restarting;
  }

  /**
   * Runs a job of one block on the calling thread. That is for work that takes no longer than waking a worker and
   * being woken by it, while the pool is idle.
   *
   * @throws ResiduaError INFERENCE_FAILED where the kernels fail, as when a thread dies of a job.
   */
  runHere(job: Job): void {
    this.#own.run(job);
  }

  /** Waits for the jobs under way, then ends the threads. */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#running.size > 0 || this.#waiting.length > 0 || this.#restarting) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    Atomics.store(this.#control, CONTROL_STOP, 1);
    Atomics.notify(this.#control, CONTROL_SUBMITTED);
    await this.#terminate();
  }

  /** Whether the slot that job `number` would take is still that of a job under way. */
  #occupied(number: number): boolean {
    return this.#running.has((number - RING_SLOTS) | 0);
  }

  #submit(submission: Submission): void {
    const { job } = submission;
    const number = this.#submitted;
    const slot = slotOf(number);
    const ring = this.#ring;
    describeJob(ring, slot, job);
    Atomics.store(ring, slot + JOB_PENDING, job.blocks);
    Atomics.store(ring, slot + JOB_UNCLAIMED, job.blocks);
    this.#running.set(number, submission);
    this.#submitted = (number + 1) | 0;
    Atomics.store(this.#control, CONTROL_SUBMITTED, this.#submitted);
    Atomics.notify(this.#control, CONTROL_SUBMITTED, this.#workersToWake(job));
  }

  #workersToWake({ blocks, together }: Job): number {
    const wanted = Math.min(blocks, this.threads);
    if (together) return wanted;
    if (wanted === 1 && this.#running.size === 1) return 1;
    if (!this.#loop.isBusy()) return wanted;
    // A worker that is awake goes on with the next job by itself.
    let work = 0;
    for (const { job } of this.#running.values()) work += job.work;
    const awake = Atomics.load(this.#control, CONTROL_AWAKE);
    return Math.max(0, Math.max(1, Math.floor(work / WORK_OF_A_WORKER)) - awake);
  }

  /** A worker said that some job is done: settles all that are, and submits what waits. */
  #settle(): void {
    for (const [number, submission] of this.#running) {
      if (Atomics.load(this.#ring, slotOf(number) + JOB_PENDING) !== 0) continue;
      this.#running.delete(number);
      submission.resolve();
    }
    while (this.#waiting.length > 0 && !this.#occupied(this.#submitted)) this.#submit(this.#waiting.shift()!);
    this.#rest();
  }

  #rest(): void {
    if (this.#running.size > 0 || this.#waiting.length > 0) return;
    // An idle pool keeps no process alive, but one that is being closed is waited for.
    if (!this.#closing) for (const worker of this.#workers) worker.unref();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.threads }, (_, index) => this.#startWorker(index)));
    } catch (error) {
      await this.#terminate();
      throw error;
    }
    if (this.#running.size === 0) for (const worker of this.#workers) worker.unref();
  }

  /** Ends all threads. That they end is no failure: they are no longer the pool's. */
  async #terminate(): Promise<void> {
    const workers = [...this.#workers];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #startWorker(index: number): Promise<void> {
    const data = { kernels: this.#kernels, memory: this.#memory, index, firstJob: this.#submitted };
    const { worker, ready } = startWorker(data, {
      finished: () => this.#settle(),
      ended: (ended, cause) => {
        if (this.#workers.delete(ended)) void this.#replace(cause);
      },
    });
    this.#workers.add(worker);
    return ready;
  }

  /**
   * A thread ended that should not have. What it left half done is unknown, so all threads are ended, every job in the
   * ring is refused, and new threads go on with the jobs that wait.
   */
  async #replace(cause: unknown): Promise<void> {
    if (Atomics.load(this.#control, CONTROL_STOP) !== 0 || this.#restarting) return;
    this.#restarting = true;
    this.restarts += 1;
    await this.#terminate();
    const lost = [...this.#running.values()];
    this.#running.clear();
    for (let slot = 0; slot < RING_SLOTS; slot++) this.#ring[slot * JOB_WORDS + JOB_UNCLAIMED] = 0;
    this.#control[CONTROL_AWAKE] = 0;
    for (const { reject } of lost) {
      reject(new ResiduaError("INFERENCE_FAILED", "A thread of the wasm engine ended.", { cause }));
    }
    await this.#restart();
  }

  /** Starts threads where there are none, and gives them what waits. Where none can be started, what waits is refused. */
  async #restart(): Promise<void> {
    this.#restarting = true;
    try {
      await this.#start();
    } catch (cause) {
      const none = new ResiduaError("INFERENCE_FAILED", "The wasm engine cannot start its threads.", {
        cause,
      });
      for (const { reject } of this.#waiting.splice(0)) reject(none);
    }
    this.#restarting = false;
    while (this.#waiting.length > 0 && !this.#occupied(this.#submitted)) this.#submit(this.#waiting.shift()!);
    if (this.#running.size > 0) for (const worker of this.#workers) worker.ref();
    this.#rest();
  }
}
