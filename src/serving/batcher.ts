/**
 * Runs the windows of concurrent requests together.
 *
 *   submit -> lane of its executable -> [a run can start] -> batch -> run -> to each request its own outputs
 *
 * A batch is formed as late as possible: when a run can start, of what waits then. A free engine waits for company
 * only while some is known to be on its way, and no longer than `maxWaitMs`. Work is counted in
 * windows x timesteps; lanes take turns by the work done for each, jobs of a lane by windows.
 */
import type { Outputs } from "../engine/engine.js";
import { ResiduaError } from "../errors.js";
import { Backlog, BatchJob, type BatchResult, type BatchTarget, type BatchWork } from "./batch-job.js";
import { BatchLane, type BatchSlice } from "./batch-lane.js";
import { DrainRate } from "./drain-rate.js";
import type { Scheduler } from "./scheduler.js";

/** A batch of longer windows than this has fewer of them, so that it keeps others waiting no longer. */
const FULL_BATCH_TIMESTEPS = 128;

export interface BatchObserver {
  /** A run ended, well or not. */
  ran(target: BatchTarget, run: { windows: number; requests: number; seconds: number }): void;
}

/** A place in the queue for windows that come in parts. */
export interface Reservation {
  submit(work: BatchWork): Promise<BatchResult>;
  /** To be called once, when no more come. */
  release(): void;
}

export interface BatcherOptions {
  readonly maxBatchWindows: number;
  readonly maxWaitMs: number;
  readonly maxQueueWindows: number;
  /** Runs under way at once; with 2, the next is there when the engine ends one. */
  readonly concurrentRuns: number;
  readonly scheduler: Scheduler;
  readonly observer?: BatchObserver;
}

export class Batcher {
  readonly maxBatchWindows: number;
  readonly maxQueueWindows: number;
  readonly #maxWaitMs: number;
  readonly #concurrentRuns: number;
  readonly #scheduler: Scheduler;
  readonly #observer: BatchObserver | undefined;
  readonly #backlog = new Backlog();
  readonly #lanes = new Map<BatchTarget["executable"], BatchLane>();
  /** Work that waits for room in the queue, first come first served. */
  readonly #line: { work: BatchWork; admit: () => void }[] = [];
  readonly #drainRate = new DrainRate();
  /** Buffers in which batches of several requests are put together; one a run under way. */
  readonly #buffers: Float32Array[] = [];
  #virtualTime = 0;
  #runs = 0;
  #reserved = 0;
  #isScheduled = false;
  #cancelWait: (() => void) | undefined;
  #onTheirWay = 0;
  /** Counts waits that ended in vain: what was on its way by then is not waited for again. */
  #vainWaits = 0;

  constructor(options: BatcherOptions) {
    this.maxBatchWindows = options.maxBatchWindows;
    this.maxQueueWindows = options.maxQueueWindows;
    this.#maxWaitMs = options.maxWaitMs;
    this.#concurrentRuns = options.concurrentRuns;
    this.#scheduler = options.scheduler;
    this.#observer = options.observer;
  }

  /** Windows that wait for a run, with those a place is kept for. */
  get waitingWindows(): number {
    return this.#backlog.windows + this.#reserved;
  }

  /** What the deadlines of work are measured on. */
  now(): number {
    return this.#scheduler.now();
  }

  get runsUnderWay(): number {
    return this.#runs;
  }

  /** Says that a request is being read. What it gives goes to `arrived` once it is submitted or given up. */
  expect(): number {
    this.#onTheirWay += 1;
    return this.#vainWaits;
  }

  arrived(expectation: number): void {
    if (expectation !== this.#vainWaits) return;
    this.#onTheirWay -= 1;
    this.#schedule();
  }

  /**
   * Throws QUEUE_FULL, with the seconds after which to come back, where not even one window has room: for a
   * look before a body is parsed.
   */
  checkRoom(): void {
    this.#admit(1);
  }

  /**
   * Takes a request's windows whole, or refuses them whole.
   *
   * Throws TOO_MANY_WINDOWS, QUEUE_FULL. The promise rejects with DEADLINE_EXCEEDED where the deadline passed or
   * the client hung up before all of it was begun, INFERENCE_FAILED where its run failed, and with the
   * engine's own ResiduaError.
   */
  submit(work: BatchWork): Promise<BatchResult> {
    this.#admitWhole(work.count);
    return this.#enqueue(work);
  }

  /**
   * Keeps a place for a request whose windows come in parts: `submit` of the reservation takes them one after the
   * other, and `release` gives up what was not taken. Throws TOO_MANY_WINDOWS, QUEUE_FULL.
   */
  reserve(windows: number): Reservation {
    this.#admitWhole(windows);
    this.#reserved += windows;
    let left = windows;
    const take = (count: number): void => {
      left -= count;
      this.#reserved -= count;
    };
    return {
      submit: (work) => {
        take(work.count);
        return this.#enqueue(work);
      },
      release: () => {
        take(left);
        this.#admitLine();
      },
    };
  }

  /**
   * Takes work, no more than the queue can hold, as soon as there is room for it. Once the deadline has passed or the
   * client has hung up, that is soon too: then it is rejected.
   */
  submitWhenRoom(work: BatchWork): Promise<BatchResult> {
    if (this.#line.length === 0 && this.#hasRoom(work.count)) return this.#enqueue(work);
    return new Promise((resolve, reject) => {
      let cancelTimer: (() => void) | undefined;
      const admit = (): void => {
        cancelTimer?.();
        this.#enqueue(work).then(resolve, reject);
      };
      const place = { work, admit };
      this.#line.push(place);
      if (work.deadlineAtMs === undefined) return;
      cancelTimer = this.#scheduler.after(work.deadlineAtMs - this.#scheduler.now(), () => {
        this.#line.splice(this.#line.indexOf(place), 1);
        admit();
      });
    });
  }

  #hasRoom(windows: number): boolean {
    return this.waitingWindows + windows <= this.maxQueueWindows;
  }

  #admitWhole(windows: number): void {
    if (windows > this.maxQueueWindows) {
      throw new ResiduaError(
        "TOO_MANY_WINDOWS",
        `The request has ${windows} windows; one may have up to ${this.maxQueueWindows}.`,
      );
    }
    this.#admit(windows);
  }

  #admit(windows: number): void {
    // What stands in line came first, so its room is not given away.
    const needed = windows + (this.#line[0]?.work.count ?? 0);
    if (this.#hasRoom(needed) || this.waitingWindows === 0) return;
    const now = this.#scheduler.now();
    for (const lane of this.#lanes.values()) lane.sweep(now);
    if (this.#hasRoom(needed)) return;
    throw new ResiduaError(
      "QUEUE_FULL",
      `${this.waitingWindows} windows wait and the queue holds ${this.maxQueueWindows}: no room for ${windows} more.`,
      { retryAfterSeconds: this.#drainRate.secondsFor(this.#backlog.work) },
    );
  }

  #enqueue(work: BatchWork): Promise<BatchResult> {
    const now = this.#scheduler.now();
    const job = new BatchJob(work, now, this.#backlog);
    if (job.isDead(now)) return job.result;
    if (work.deadlineAtMs !== undefined) {
      job.cancelTimer = this.#scheduler.after(work.deadlineAtMs - now, () => job.expire());
    }
    let lane = this.#lanes.get(work.target.executable);
    if (lane === undefined) {
      lane = new BatchLane(work.target, this.#virtualTime);
      this.#lanes.set(work.target.executable, lane);
    }
    lane.push(job);
    this.#schedule();
    return job.result;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#runs >= this.#concurrentRuns || this.#lanes.size === 0) return;
    this.#isScheduled = true;
    this.#scheduler.soon(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  /** Starts runs while the engine takes one and there is work to do. */
  #dispatch(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    while (this.#runs < this.#concurrentRuns) {
      const now = this.#scheduler.now();
      const lane = this.#nextLane(now);
      if (lane === undefined) break;
      const room = Math.max(
        1,
        Math.min(
          this.maxBatchWindows,
          Math.floor((this.maxBatchWindows * FULL_BATCH_TIMESTEPS) / lane.timesteps),
        ),
      );
      const waitMs = this.#companyWaitMs(lane, room, now);
      if (waitMs > 0) {
        this.#cancelWait = this.#scheduler.after(waitMs, () => {
          this.#vainWaits += 1;
          this.#onTheirWay = 0;
          this.#dispatch();
        });
        break;
      }
      this.#start(lane, lane.take(room));
      if (lane.isEmpty) this.#lanes.delete(lane.target.executable);
    }
    this.#admitLine();
  }

  /** The lane for which least work was done. */
  #nextLane(nowMs: number): BatchLane | undefined {
    let next: BatchLane | undefined;
    for (const lane of this.#lanes.values()) {
      lane.sweep(nowMs);
      if (lane.isEmpty) this.#lanes.delete(lane.target.executable);
      else if (next === undefined || lane.virtualTime < next.virtualTime) next = lane;
    }
    return next;
  }

  /** How long a free engine still waits for what is on its way; 0 for not at all. */
  #companyWaitMs(lane: BatchLane, room: number, nowMs: number): number {
    if (this.#onTheirWay === 0 || this.#maxWaitMs === 0) return 0;
    const { windows, sinceMs } = lane.waiting();
    return windows >= room ? 0 : Math.max(0, sinceMs + this.#maxWaitMs - nowMs);
  }

  #admitLine(): void {
    while (this.#line.length > 0 && this.#hasRoom(this.#line[0]!.work.count)) this.#line.shift()!.admit();
  }

  #start(lane: BatchLane, slices: readonly BatchSlice[]): void {
    const { target, timesteps } = lane;
    const runWindows = slices.reduce((sum, slice) => sum + slice.count, 0);
    const work = runWindows * timesteps;
    this.#virtualTime = lane.virtualTime;
    lane.virtualTime += work;
    this.#runs += 1;
    const startedAtMs = this.#scheduler.now();
    for (const { job } of slices) job.start(startedAtMs);
    const batch = this.#gather(slices, runWindows, timesteps * target.executable.network.features);
    const end = (deliver: (nowMs: number) => void): void => {
      const now = this.#scheduler.now();
      if (batch.isOurs) this.#buffers.push(batch.buffer);
      this.#runs -= 1;
      this.#drainRate.record(work, startedAtMs, now);
      // The next run starts first: the engine works while answers are written.
      this.#dispatch();
      deliver(now);
      const seconds = (now - startedAtMs) / 1000;
      this.#observer?.ran(target, { windows: runWindows, requests: slices.length, seconds });
    };
    runOn(target, batch.windows, runWindows).then(
      (outputs) => end((nowMs) => deliver(slices, outputs, runWindows, nowMs)),
      (error: unknown) =>
        end(() => {
          for (const { job } of slices) job.fail(inferenceError(error));
        }),
    );
  }

  /** The windows of a batch in one array: a request's own where it runs alone. */
  #gather(
    slices: readonly BatchSlice[],
    runWindows: number,
    windowSize: number,
  ): { windows: Float32Array; buffer: Float32Array; isOurs: boolean } {
    const only = slices.length === 1 ? slices[0] : undefined;
    if (only !== undefined) {
      const { windows } = only.job.work;
      return {
        windows: windows.subarray(only.at * windowSize, (only.at + only.count) * windowSize),
        buffer: windows,
        isOurs: false,
      };
    }
    const size = runWindows * windowSize;
    let buffer = this.#buffers.pop();
    if (buffer === undefined || buffer.length < size) buffer = new Float32Array(size);
    let offset = 0;
    for (const { job, at, count } of slices) {
      buffer.set(job.work.windows.subarray(at * windowSize, (at + count) * windowSize), offset);
      offset += count * windowSize;
    }
    return { windows: buffer.subarray(0, size), buffer, isOurs: true };
  }
}

/** An engine that throws instead of rejecting is a failing run all the same. */
async function runOn(target: BatchTarget, windows: Float32Array, count: number): Promise<Outputs> {
  return target.executable.run(windows, count);
}

function deliver(slices: readonly BatchSlice[], outputs: Outputs, runWindows: number, nowMs: number): void {
  let from = 0;
  for (const { job, at, count } of slices) {
    job.accept(outputs, { from, runWindows, at, count }, nowMs);
    from += count;
  }
}

function inferenceError(error: unknown): ResiduaError {
  if (error instanceof ResiduaError) return error;
  return new ResiduaError("INFERENCE_FAILED", "The engine failed on a batch with this request's windows.", {
    cause: error,
  });
}
