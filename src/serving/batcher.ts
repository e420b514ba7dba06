/**
 * Runs the windows of concurrent requests together.
 *
 *   submit -> lane of its executable -> [a run can start] -> batch -> run -> to each request its own outputs
 *
 * A batch is formed as late as possible: when a run can start, of what waits then. A free engine waits for
 * more windows only while requests are known to be read, and no longer than `maxWaitMs`. Where larger runs
 * are no faster per window, several smaller ones keep the engine and the event loop busy at the same time.
 * Work is counted in windows x timesteps; lanes take turns by the work done for each, addresses and their clients in a
 * lane by windows.
 */
import type { BatchClient, BatchResult, BatchTarget, BatchWork } from "./batch-job.js";
import type { BatchLane } from "./batch-lane.js";
import { BatchQueue, type Reservation } from "./batch-queue.js";
import { BatchBuffers, BatchRun } from "./batch-run.js";
import { DrainRate } from "./drain-rate.js";
import type { Scheduler } from "./scheduler.js";

/** A batch of windows with more timesteps than this has fewer windows, so that its run takes no longer. */
const FULL_BATCH_TIMESTEPS = 128;
/**
 * With this share of an efficient run a run is started at once, so that the engine works while requests are
 * read.
 */
const EAGER_SHARE = 1 / 8;

export interface BatchObserver {
  /** Called when a run has ended, successfully or not. */
  ran(target: BatchTarget, run: { windows: number; requests: number; seconds: number }): void;
}

export interface BatcherOptions {
  readonly maxBatchWindows: number;
  readonly maxWaitMs: number;
  readonly maxQueueWindows: number;
  /** How many runs are under way at once; with 2, the engine has its next batch when it ends one. */
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
  /** How many waits ended without more windows: requests expected before then are not waited for again. */
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

  /** Windows that wait for a run, and those that room is reserved for. */
  get waitingWindows(): number {
    return this.#queue.windows;
  }

  /** The clock of deadlines, in milliseconds. */
  now(): number {
    return this.#scheduler.now();
  }

  /**
   * Announces a request whose body is being read: a free engine waits for it a little.
   * @returns what to call `arrived` with once the request was submitted or given up.
   */
  expect(): number {
    this.#onTheirWay += 1;
    return this.#vainWaits;
  }

  /** Ends what `expect` began. */
  arrived(expectation: number): void {
    if (expectation !== this.#vainWaits) return;
    this.#onTheirWay -= 1;
    this.#schedule();
  }

  /**
   * Checks for room before a body is parsed.
   *
   * @throws ResiduaError QUEUE_FULL, with the seconds after which to try again, where not even one window of this client
   *   has room.
   */
  checkRoom(client?: BatchClient): void {
    this.#queue.checkRoom(client);
  }

  /**
   * Queues the windows of a request as a whole, or refuses them as a whole.
   *
   * @returns what rejects with ResiduaError DEADLINE_EXCEEDED where the deadline passed before all windows were with the
   *   engine, ClientGoneError where the client hung up by then, ResiduaError INFERENCE_FAILED where a run failed, and with
   *   the engine's own ResiduaError.
   * @throws ResiduaError TOO_MANY_WINDOWS, QUEUE_FULL
   */
  submit(work: BatchWork): Promise<BatchResult> {
    return this.#queue.submit(work);
  }

  /**
   * Keeps room for a request whose windows are submitted slice by slice: `submit` of the reservation queues a
   * slice, and `release` gives up the room that was not used.
   *
   * @throws ResiduaError TOO_MANY_WINDOWS, QUEUE_FULL
   */
  reserve(windows: number, client?: BatchClient): Reservation {
    return this.#queue.reserve(windows, client);
  }

  /**
   * Queues work, of at most as many windows as the queue holds, as soon as there is room for it. It is
   * rejected as by `submit` once its deadline has passed or its client has hung up.
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

  /** Starts runs while the engine can take one and windows wait. */
  #dispatch(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    while (this.#runs < this.#concurrentRuns) {
      const now = this.#scheduler.now();
      const lane = this.#queue.nextLane(now);
      if (lane === undefined) break;
      const room = this.#roomOf(lane);
      const waitMs = this.#moreWindowsWaitMs(lane, room, now);
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

  /**
   * With so many windows a run is started although more are read; infinity where a larger run is always
   * better.
   */
  #eagerWindows(lane: BatchLane): number {
    if (lane.target.executable.efficientWindows === undefined) return Number.POSITIVE_INFINITY;
    return Math.ceil(this.#roomOf(lane) * EAGER_SHARE);
  }

  /**
   * Windows of the next run. What waits is divided between the runs that can start: if it were all one run,
   * the event loop would wait for the engine, and then the engine for the event loop.
   */
  #windowsOfRun(lane: BatchLane, room: number): number {
    const eager = this.#eagerWindows(lane);
    const share = Math.ceil(lane.waiting().windows / (this.#concurrentRuns - this.#runs));
    return Math.min(room, Math.max(eager, share));
  }

  /**
   * How much longer a free engine waits for requests that are being read, in milliseconds; 0 for not at all.
   */
  #moreWindowsWaitMs(lane: BatchLane, room: number, nowMs: number): number {
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
    // The next run starts before the answers are written, so that the engine works meanwhile.
    this.#dispatch();
    answer(now);
    const { target, windows, requests } = run;
    this.#observer?.ran(target, { windows, requests, seconds: (now - startedAtMs) / 1000 });
  }
}
