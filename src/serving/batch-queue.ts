/**
 * What waits for the engine: a bounded number of windows, in one lane for each executable. Work that may wait
 * until there is room stands in a line in front of the queue.
 */
import { ResiduaError } from "../errors.js";
import { Backlog, BatchJob, type BatchResult, type BatchTarget, type BatchWork } from "./batch-job.js";
import { BatchLane } from "./batch-lane.js";
import type { Scheduler } from "./scheduler.js";

/** Room in the queue for windows that are submitted slice by slice. */
export interface Reservation {
  submit(work: BatchWork): Promise<BatchResult>;
  /** Gives up the room that was not used. To be called once, when nothing more is submitted. */
  release(): void;
}

export interface BatchQueueOptions {
  readonly maxWindows: number;
  readonly scheduler: Scheduler;
  /** Called when something new waits that can run. */
  readonly onWork: () => void;
  /**
   * In how many seconds an amount of work (windows x timesteps) will be done, at the rate measured of late.
   */
  readonly secondsFor: (work: number) => number;
}

export class BatchQueue {
  readonly maxWindows: number;
  readonly #scheduler: Scheduler;
  readonly #onWork: () => void;
  readonly #secondsFor: (work: number) => number;
  readonly #backlog = new Backlog();
  readonly #lanes = new Map<BatchTarget["executable"], BatchLane>();
  readonly #line: { work: BatchWork; admit: () => void }[] = [];
  #reserved = 0;
  /**
   * Virtual time (start-time fair queueing, Goyal, Vin and Cheng, 1996): the work done for the lane that ran
   * last. A lane that was empty starts here, so that it gets neither priority nor delay for the time in which
   * it did not wait.
   */
  #virtualTime = 0;

  constructor(options: BatchQueueOptions) {
    this.maxWindows = options.maxWindows;
    this.#scheduler = options.scheduler;
    this.#onWork = options.onWork;
    this.#secondsFor = options.secondsFor;
  }

  /** Windows that wait for a run, and those that room is reserved for. */
  get windows(): number {
    return this.#backlog.windows + this.#reserved;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Throws QUEUE_FULL where not even one window has room. */
  checkRoom(): void {
    this.#admit(1);
  }

  /** Queues work as a whole. Throws TOO_MANY_WINDOWS, QUEUE_FULL. */
  submit(work: BatchWork): Promise<BatchResult> {
    this.#admitWhole(work.count);
    return this.#enqueue(work);
  }

  /** Keeps room for windows that are submitted later. Throws TOO_MANY_WINDOWS, QUEUE_FULL. */
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
        this.admitLine();
      },
    };
  }

  /** Queues work as soon as there is room for it, behind other work that waits for room. */
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

  /** Queues the work at the head of the line as far as there is room for it. */
  admitLine(): void {
    while (this.#line.length > 0 && this.#hasRoom(this.#line[0]!.work.count)) this.#line.shift()!.admit();
  }

  /** The lane with the least work done, which is next; undefined where nothing waits. */
  nextLane(nowMs: number): BatchLane | undefined {
    let next: BatchLane | undefined;
    for (const lane of this.#lanes.values()) {
      lane.sweep(nowMs);
      this.removeIfEmpty(lane);
      if (!lane.isEmpty && (next === undefined || lane.virtualTime < next.virtualTime)) next = lane;
    }
    return next;
  }

  /** Counts work (windows x timesteps) as done for a lane. */
  charge(lane: BatchLane, work: number): void {
    this.#virtualTime = lane.virtualTime;
    lane.virtualTime += work;
  }

  /** Forgets a lane in which nothing waits. */
  removeIfEmpty(lane: BatchLane): void {
    if (lane.isEmpty) this.#lanes.delete(lane.target.executable);
  }

  #hasRoom(windows: number): boolean {
    return this.windows + windows <= this.maxWindows;
  }

  #admitWhole(windows: number): void {
    if (windows > this.maxWindows) {
      throw new ResiduaError(
        "TOO_MANY_WINDOWS",
        `The request has ${windows} windows; one may have up to ${this.maxWindows}.`,
      );
    }
    this.#admit(windows);
  }

  #admit(windows: number): void {
    // The first in the line came earlier: the room it needs is kept for it.
    const needed = windows + (this.#line[0]?.work.count ?? 0);
    if (this.#hasRoom(needed) || this.windows === 0) return;
    const now = this.#scheduler.now();
    for (const lane of this.#lanes.values()) lane.sweep(now);
    if (this.#hasRoom(needed)) return;
    throw new ResiduaError(
      "QUEUE_FULL",
      `${this.windows} windows wait and the queue holds ${this.maxWindows}: no room for ${windows} more.`,
      { retryAfterSeconds: this.#secondsFor(this.#backlog.work) },
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
    this.#onWork();
    return job.result;
  }
}
