/** The jobs that wait for one executable, and whose windows run next. */
import type { BatchJob, BatchTarget } from "./batch-job.js";

/** A run's share of one job: `count` of its windows, from `at` on. */
export interface BatchSlice {
  readonly job: BatchJob;
  readonly at: number;
  count: number;
}

/** While others wait, no request has to do with less than this part of a batch, nor gets more than its share. */
const LEAST_SHARE = 1 / 8;

/** What waits of one request: a large one comes as several jobs, which have one share and are run in their order. */
class RequestLine {
  /** What the request is known by; without it, it has this one job. */
  readonly client: BatchJob["work"]["client"];
  jobs: BatchJob[];
  /** Taken for the run that is being put together. */
  slices: BatchSlice[] = [];

  constructor(job: BatchJob) {
    this.client = job.work.client;
    this.jobs = [job];
  }

  /** Takes up to `room` windows; says how many. */
  take(room: number): number {
    let left = room;
    while (left > 0 && this.jobs.length > 0) {
      const job = this.jobs[0]!;
      const count = Math.min(job.waiting, left);
      if (count > 0) {
        const last = this.slices[this.slices.length - 1];
        if (last?.job === job) last.count += count;
        else this.slices.push({ job, at: job.taken, count });
        job.take(count);
        left -= count;
      }
      if (job.waiting === 0) this.jobs.shift();
    }
    return room - left;
  }
}

export class BatchLane {
  readonly target: BatchTarget;
  readonly timesteps: number;
  /** Work done for this lane, on the clock that all lanes share (start-time fair queueing). */
  virtualTime: number;
  #lines: RequestLine[] = [];
  readonly #lineOf = new Map<RequestLine["client"], RequestLine>();

  constructor(target: BatchTarget, virtualTime: number) {
    this.target = target;
    this.timesteps = target.executable.network.timesteps;
    this.virtualTime = virtualTime;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  push(job: BatchJob): void {
    const { client } = job.work;
    const known = this.#lineOf.get(client);
    if (known !== undefined) {
      known.jobs.push(job);
      return;
    }
    const line = new RequestLine(job);
    this.#lines.push(line);
    if (client !== undefined) this.#lineOf.set(client, line);
  }

  /** Lets go of jobs nobody waits for. */
  sweep(nowMs: number): void {
    let isAnyDead = false;
    for (const line of this.#lines) {
      if (!line.jobs.some((job) => job.isDead(nowMs))) continue;
      isAnyDead = true;
      line.jobs = line.jobs.filter((job) => !job.isDead(nowMs));
    }
    if (isAnyDead) this.#lines = this.#lines.filter((line) => this.#keep(line));
  }

  /** Windows that wait, and since when the first of them. */
  waiting(): { windows: number; sinceMs: number } {
    let windows = 0;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const { jobs } of this.#lines) {
      for (const job of jobs) {
        windows += job.waiting;
        sinceMs = Math.min(sinceMs, job.submittedAtMs);
      }
    }
    return { windows, sinceMs };
  }

  /**
   * Takes up to `room` windows: of every request in turn its share, then what room is left in the same order.
   * A request that is not finished goes behind the others, so that none waits for the whole of a larger one.
   */
  take(room: number): BatchSlice[] {
    const share = Math.max(Math.floor(room / this.#lines.length), Math.ceil(room * LEAST_SHARE));
    let left = room;
    let visited = 0;
    for (; visited < this.#lines.length && left > 0; visited++) {
      left -= this.#lines[visited]!.take(Math.min(share, left));
    }
    const lines = this.#lines.splice(0, visited);
    const slices: BatchSlice[] = [];
    for (const line of lines) {
      left -= line.take(left);
      slices.push(...line.slices);
      line.slices = [];
      if (this.#keep(line)) this.#lines.push(line);
    }
    return slices;
  }

  /** Whether something of a line still waits; one that is empty is forgotten. */
  #keep({ jobs, client }: RequestLine): boolean {
    if (jobs.length > 0) return true;
    this.#lineOf.delete(client);
    return false;
  }
}
