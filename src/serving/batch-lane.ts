/** The jobs that wait for one executable, and whose windows run next. */
import type { BatchJob, BatchTarget } from "./batch-job.js";

/** A run's share of one job: `count` of its windows, from `at` on. */
export interface BatchSlice {
  readonly job: BatchJob;
  readonly at: number;
  count: number;
}

/** While others wait, no job has to do with less than this part of a batch, nor gets more than its share. */
const LEAST_SHARE = 1 / 8;

export class BatchLane {
  readonly target: BatchTarget;
  readonly timesteps: number;
  /** Work done for this lane, on the clock that all lanes share (start-time fair queueing). */
  virtualTime: number;
  #jobs: BatchJob[] = [];

  constructor(target: BatchTarget, virtualTime: number) {
    this.target = target;
    this.timesteps = target.executable.network.timesteps;
    this.virtualTime = virtualTime;
  }

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  push(job: BatchJob): void {
    this.#jobs.push(job);
  }

  /** Lets go of jobs nobody waits for. */
  sweep(nowMs: number): void {
    if (this.#jobs.some((job) => job.isDead(nowMs))) {
      this.#jobs = this.#jobs.filter((job) => !job.isDead(nowMs));
    }
  }

  /** Windows that wait, and since when the first of them. */
  waiting(): { windows: number; sinceMs: number } {
    let windows = 0;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) {
      windows += job.waiting;
      sinceMs = Math.min(sinceMs, job.submittedAtMs);
    }
    return { windows, sinceMs };
  }

  /**
   * Takes up to `room` windows: of every job in turn its share, then what room is left in the same order.
   * A job that is not finished goes behind the others, so that none waits for the whole of a larger one.
   */
  take(room: number): BatchSlice[] {
    const share = Math.max(Math.floor(room / this.#jobs.length), Math.ceil(room * LEAST_SHARE));
    const slices: BatchSlice[] = [];
    let left = room;
    for (const job of this.#jobs) {
      if (left === 0) break;
      const count = Math.min(job.waiting, share, left);
      slices.push({ job, at: job.taken, count });
      job.take(count);
      left -= count;
    }
    const visited = this.#jobs.splice(0, slices.length);
    for (const slice of slices) {
      if (left === 0) break;
      const extra = Math.min(slice.job.waiting, left);
      slice.job.take(extra);
      slice.count += extra;
      left -= extra;
    }
    for (const job of visited) if (job.waiting > 0) this.#jobs.push(job);
    return slices;
  }
}
