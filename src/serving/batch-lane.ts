/** A lane: the jobs that wait for one executable, and the choice of the windows that run next. */
import { type BatchJob, type BatchTarget, connectionOf } from "./batch-job.js";
import { addressOf } from "./remote-address.js";
import { Turns } from "./turns.js";

/** What a run takes of one job: `count` of its windows, from `at` on. */
export interface Portion {
  readonly job: BatchJob;
  readonly at: number;
  count: number;
}

/**
 * While several clients wait, a batch is divided evenly between them, but none gets less than this share of
 * it: with more than eight clients, some wait for a later batch.
 */
const LEAST_SHARE = 1 / 8;

/**
 * The waiting jobs of one client, which are run in order. A large request is submitted as several jobs.
 */
class ClientLine {
  /** Undefined for a job without a client, which is a client of its own. */
  readonly client: object | undefined;
  readonly address: string | undefined;
  jobs: BatchJob[];
  /** What the run that is being put together takes of this client. */
  portions: Portion[] = [];

  constructor(job: BatchJob) {
    this.client = connectionOf(job.work);
    this.address = addressOf(job.work.client);
    this.jobs = [job];
  }

  /** Takes up to `room` windows. @returns how many. */
  take(room: number): number {
    let left = room;
    while (left > 0 && this.jobs.length > 0) {
      const job = this.jobs[0]!;
      const count = Math.min(job.waiting, left);
      if (count > 0) {
        const last = this.portions[this.portions.length - 1];
        if (last?.job === job) last.count += count;
        else this.portions.push({ job, at: job.taken, count });
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
  /**
   * Work done for this lane in windows x timesteps, counted from where all lanes stood when it began to wait.
   */
  virtualTime: number;
  readonly #lines = new Turns<ClientLine>();
  readonly #lineOf = new Map<ClientLine["client"], ClientLine>();

  constructor(target: BatchTarget, virtualTime: number) {
    this.target = target;
    this.timesteps = target.executable.network.timesteps;
    this.virtualTime = virtualTime;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** A job comes behind the others of its client. */
  push(job: BatchJob): void {
    const client = connectionOf(job.work);
    const known = this.#lineOf.get(client);
    if (known !== undefined) {
      known.jobs.push(job);
      return;
    }
    const line = new ClientLine(job);
    this.#lines.push(line.address, line);
    if (client !== undefined) this.#lineOf.set(client, line);
  }

  /** Drops the jobs that nobody waits for any more. */
  sweep(nowMs: number): void {
    let isAnyDead = false;
    this.#lines.forEach((line) => {
      if (!line.jobs.some((job) => job.isDead(nowMs))) return;
      isAnyDead = true;
      line.jobs = line.jobs.filter((job) => !job.isDead(nowMs));
    });
    if (isAnyDead) this.#lines.filter((line) => this.#keep(line));
  }

  /** How many windows wait, and since when the first of them does. */
  waiting(): { windows: number; sinceMs: number } {
    let windows = 0;
    let sinceMs = Number.POSITIVE_INFINITY;
    this.#lines.forEach(({ jobs }) => {
      for (const job of jobs) {
        windows += job.waiting;
        sinceMs = Math.min(sinceMs, job.submittedAtMs);
      }
    });
    return { windows, sinceMs };
  }

  /**
   * Takes up to `room` windows: first its share from every client, then, in the same order, as many as there
   * is room left for. A client with windows left goes behind the others, so that none waits for the whole of
   * a larger request; and addresses take turns, so that none waits for all clients of another.
   */
  take(room: number): Portion[] {
    const share = Math.max(Math.floor(room / this.#lines.size), Math.ceil(room * LEAST_SHARE));
    let left = room;
    const lines: ClientLine[] = [];
    while (this.#lines.size > 0 && left > 0) {
      const line = this.#lines.shift();
      left -= line.take(Math.min(share, left));
      lines.push(line);
    }
    const portions: Portion[] = [];
    for (const line of lines) {
      left -= line.take(left);
      portions.push(...line.portions);
      line.portions = [];
      if (this.#keep(line)) this.#lines.push(line.address, line);
    }
    return portions;
  }

  /** Whether jobs of a client still wait; a client without any is forgotten. */
  #keep({ jobs, client }: ClientLine): boolean {
    if (jobs.length > 0) return true;
    this.#lineOf.delete(client);
    return false;
  }
}
