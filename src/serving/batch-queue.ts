/**
 * What waits for the engine: a bounded number of windows, in one lane for each executable. Work that may wait
 * until there is room (the slices of series) stands in a line in front of the queue, and is let in to a share
 * of it only: however many series there are, other requests find room. So do those of addresses that send less than others.
 */
import { ResiduaError } from "../errors.js";
import { type AddressShare, AddressShares } from "./address-shares.js";
import {
  Backlog,
  type BatchClient,
  BatchJob,
  type BatchResult,
  type BatchTarget,
  type BatchWork,
} from "./batch-job.js";
import { BatchLane } from "./batch-lane.js";
import { type Place, RoomLine } from "./room-line.js";
import type { Scheduler } from "./scheduler.js";

/** The share of the queue that work from the line may have; the rest is kept for work that cannot wait. */
const LINE_SHARE = 1 / 4;

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
  /** Of that, what came from the line. */
  readonly #lineBacklog = new Backlog(this.#backlog);
  readonly #shares: AddressShares;
  readonly #lanes = new Map<BatchTarget["executable"], BatchLane>();
  readonly #line = new RoomLine();
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
    this.#shares = new AddressShares(options.maxWindows, this.#backlog);
  }

  /** Windows that wait for a run, and those that room is reserved for. */
  get windows(): number {
    return this.#backlog.windows + this.#reserved;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** @throws ResiduaError QUEUE_FULL where not even one window has room. */
  checkRoom(client?: BatchClient): void {
    this.#admit(1, this.#shares.of(client));
  }

  /** Queues work as a whole. @throws ResiduaError TOO_MANY_WINDOWS, QUEUE_FULL. */
  submit(work: BatchWork): Promise<BatchResult> {
    const { backlog } = this.#admitWhole(work.count, work.client);
    return this.#enqueue(work, backlog);
  }

  /** Keeps room for windows that are submitted later. @throws ResiduaError TOO_MANY_WINDOWS, QUEUE_FULL. */
  reserve(windows: number, client?: BatchClient): Reservation {
    const share = this.#admitWhole(windows, client);
    let left = 0;
    const take = (count: number): void => {
      left -= count;
      share.reserved -= count;
      this.#reserved -= count;
    };
    take(-windows);
    return {
      submit: (work) => {
        take(work.count);
        return this.#enqueue(work, share.backlog);
      },
      release: () => {
        take(left);
        this.admitLine();
      },
    };
  }

  /** Queues work as soon as there is room for it, in turn with other work that waits for room. */
  submitWhenRoom(work: BatchWork): Promise<BatchResult> {
    if (this.#line.first === undefined && this.#hasLineRoom(work.count)) {
      return this.#enqueue(work, this.#lineBacklog);
    }
    return new Promise((resolve, reject) => {
      let cancelTimer: (() => void) | undefined;
      const admit = (): void => {
        cancelTimer?.();
        this.#enqueue(work, this.#lineBacklog).then(resolve, reject);
      };
      const place: Place = { work, admit };
      this.#line.push(place);
      if (work.deadlineAtMs === undefined) return;
      cancelTimer = this.#scheduler.after(work.deadlineAtMs - this.#scheduler.now(), () => {
        this.#line.remove(place);
        admit();
      });
    });
  }

  /** Queues the work at the head of the line as far as there is room for it. */
  admitLine(): void {
    for (let { first } = this.#line; first !== undefined; first = this.#line.first) {
      if (!this.#hasLineRoom(first.work.count)) return;
      this.#line.shift().admit();
    }
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

  /** Whether work from the line has room, in the queue and in the line's share of it. */
  #hasLineRoom(windows: number): boolean {
    const { windows: waiting } = this.#lineBacklog;
    const isInShare = waiting === 0 || waiting + windows <= this.maxWindows * LINE_SHARE;
    return isInShare && this.#hasRoom(windows);
  }

  #admitWhole(windows: number, client: BatchClient | undefined): AddressShare {
    if (windows > this.maxWindows) {
      throw new ResiduaError(
        "TOO_MANY_WINDOWS",
        `The request has ${windows} windows; one may have up to ${this.maxWindows}.`,
      );
    }
    const share = this.#shares.of(client);
    this.#admit(windows, share);
    return share;
  }

  #admit(windows: number, share: AddressShare): void {
    // The first in the line came earlier: room is kept for it, where none of the line is in the queue.
    const first = this.#lineBacklog.windows === 0 ? this.#line.first : undefined;
    const needed = windows + (first?.work.count ?? 0);
    if (this.#hasRoom(needed) || this.windows === 0) return;
    const now = this.#scheduler.now();
    for (const lane of this.#lanes.values()) lane.sweep(now);
    if (this.windows + needed <= this.#shares.mostWith(share, windows)) return;
    throw new ResiduaError(
      "QUEUE_FULL",
      `${this.windows} windows wait and the queue holds ${this.maxWindows}: no room for ${windows} more.`,
      { retryAfterSeconds: this.#secondsFor(this.#backlog.work) },
    );
  }

  /** @param backlog counts the windows of this work while they wait. */
  #enqueue(work: BatchWork, backlog: Backlog): Promise<BatchResult> {
    const now = this.#scheduler.now();
    const job = new BatchJob(work, now, backlog);
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
