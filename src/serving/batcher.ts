/**
 * Runs the windows of concurrent requests together.
 *
 *   submit -> lane of its executable -> [a run can start] -> batch -> run -> to each request its own outputs
 *
 * A batch is formed as late as possible: when a run can start, of what waits then. A free engine waits for company
 * only while some is known to be on its way, and no longer than `maxWaitMs`. Where the engine gains nothing by larger
 * runs, several smaller ones keep it and the event loop busy at the same time. Work is counted in windows x timesteps;
 * lanes take turns by the work done for each, jobs of a lane by windows.
 */
import type { BatchResult, BatchTarget, BatchWork } from "./batch-job.js";
import type { BatchLane } from "./batch-lane.js";
import { BatchQueue, type Reservation } from "./batch-queue.js";
import { BatchBuffers, BatchRun } from "./batch-run.js";
import { DrainRate } from "./drain-rate.js";
import type { Scheduler } from "./scheduler.js";

/** A batch of longer windows than this has fewer of them, so that it keeps others waiting no longer. */
const FULL_BATCH_TIMESTEPS = 128;
/** This part of an efficient run is begun at once, so that the engine works while other requests are read. */
const EAGER_SHARE = 1 / 8;

export interface BatchObserver {
  /** A run ended, well or not. */
  ran(target: BatchTarget, run: { windows: number; requests: number; seconds: number }): void;
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
  readonly #drainRate = new DrainRate();
  readonly #queue: BatchQueue;
  readonly #buffers = new BatchBuffers();
  #runs = 0;
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
    this.#queue = new BatchQueue({
      maxWindows: options.maxQueueWindows,
      scheduler: options.scheduler,
      onWork: () => this.#onWork(),
      secondsFor: (work) => this.#drainRate.secondsFor(work),
    });
  }

  /** Windows that wait for a run, with those a place is kept for. */
  get waitingWindows(): number {
    return this.#queue.windows;
  }

  /** What the deadlines of work are measured on. */
  now(): number {
    return this.#scheduler.now();
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
    this.#queue.checkRoom();
  }

  /**
   * Takes a request's windows whole, or refuses them whole.
   *
   * Throws TOO_MANY_WINDOWS, QUEUE_FULL. The promise rejects with DEADLINE_EXCEEDED where the deadline passed before
   * all windows were with the engine, ClientGoneError where the client hung up by then, INFERENCE_FAILED where a run
   * failed, and with the engine's own ResiduaError.
   */
  submit(work: BatchWork): Promise<BatchResult> {
    return this.#queue.submit(work);
  }

  /**
   * Keeps a place for a request whose windows come in parts: `submit` of the reservation takes them one after the
   * other, and `release` gives up what was not taken. Throws TOO_MANY_WINDOWS, QUEUE_FULL.
   */
  reserve(windows: number): Reservation {
    return this.#queue.reserve(windows);
  }

  /**
   * Takes work, no more than the queue can hold, as soon as there is room for it. Once the deadline has passed or the
   * client has hung up, that is soon too: then it is rejected.
   */
  submitWhenRoom(work: BatchWork): Promise<BatchResult> {
    return this.#queue.submitWhenRoom(work);
  }

  #onWork(): void {
    const lane = this.#runs < this.#concurrentRuns && this.#queue.nextLane(this.#scheduler.now());
    if (lane && lane.waiting().windows >= this.#eagerWindows(lane)) this.#dispatch();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#runs >= this.#concurrentRuns || this.#queue.isEmpty) return;
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
      const lane = this.#queue.nextLane(now);
      if (lane === undefined) break;
      const room = this.#roomOf(lane);
      const waitMs = this.#companyWaitMs(lane, room, now);
      if (waitMs > 0) {
        this.#cancelWait = this.#scheduler.after(waitMs, () => {
          this.#vainWaits += 1;
          this.#onTheirWay = 0;
          this.#dispatch();
        });
        break;
      }
      this.#start(lane, this.#windowsOfRun(lane, room), now);
    }
    this.#queue.admitLine();
  }

  /** The most windows of a batch of this lane. */
  #roomOf({ timesteps, target }: BatchLane): number {
    const most = Math.min(this.maxBatchWindows, target.executable.efficientWindows ?? this.maxBatchWindows);
    const ofLength = Math.floor((this.maxBatchWindows * FULL_BATCH_TIMESTEPS) / timesteps);
    return Math.max(1, Math.min(most, ofLength));
  }

  /** Windows that are worth a run of their own while more is read; infinitely many where larger is always better. */
  #eagerWindows(lane: BatchLane): number {
    if (lane.target.executable.efficientWindows === undefined) return Number.POSITIVE_INFINITY;
    return Math.ceil(this.#roomOf(lane) * EAGER_SHARE);
  }

  /**
   * Windows of the next run. What waits is shared between the runs that can start: were it all one, the event loop
   * would wait for the engine, and then the engine for the event loop.
   */
  #windowsOfRun(lane: BatchLane, room: number): number {
    const eager = this.#eagerWindows(lane);
    const share = Math.ceil(lane.waiting().windows / (this.#concurrentRuns - this.#runs));
    return Math.min(room, Math.max(eager, share));
  }

  /** How long a free engine still waits for what is on its way; 0 for not at all. */
  #companyWaitMs(lane: BatchLane, room: number, nowMs: number): number {
    if (this.#onTheirWay === 0 || this.#maxWaitMs === 0) return 0;
    const { windows, sinceMs } = lane.waiting();
    const enough = Math.min(room, this.#eagerWindows(lane));
    return windows >= enough ? 0 : Math.max(0, sinceMs + this.#maxWaitMs - nowMs);
  }

  #start(lane: BatchLane, windows: number, startedAtMs: number): void {
    const run = new BatchRun(lane.target, lane.take(windows), this.#buffers);
    this.#queue.charge(lane, run.work);
    this.#queue.removeIfEmpty(lane);
    this.#runs += 1;
    run.run(startedAtMs).then(
      (outputs) => this.#end(run, startedAtMs, (nowMs) => run.deliver(outputs, nowMs)),
      (error: unknown) => this.#end(run, startedAtMs, () => run.fail(error)),
    );
  }

  #end(run: BatchRun, startedAtMs: number, answer: (nowMs: number) => void): void {
    const now = this.#scheduler.now();
    this.#runs -= 1;
    this.#drainRate.record(run.work, startedAtMs, now);
    // The next run starts first: the engine works while answers are written.
    this.#dispatch();
    answer(now);
    const { target, windows, requests } = run;
    this.#observer?.ran(target, { windows, requests, seconds: (now - startedAtMs) / 1000 });
  }
}
