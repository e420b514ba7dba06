/** Takes jobs from the folder of models and runs them, a few at once. Every service on the folder has one. */
import { JobClaim } from "./job-claim.js";
import type { JobFolder } from "./job-folder.js";
import { removeOldJobs } from "./job-retention.js";
import { JobRun, type JobRunOptions } from "./job-run.js";
import { LeaseWatch } from "./lease-watch.js";

/** How often the folder is looked at. */
const LOOK_MS = 1000;
/** A worker that has not said for so long that it lives has lost its job. */
export const LEASE_MS = 15_000;
/** How often jobs that ended long ago are removed. */
const CLEAN_MS = 10 * 60 * 1000;

export interface JobWorkerOptions extends JobRunOptions {
  /** How many jobs run at once. */
  readonly maxJobs: number;
}

export class JobWorker {
  readonly #jobs: JobFolder;
  readonly #options: JobWorkerOptions;
  readonly #leases = new LeaseWatch(LEASE_MS);
  readonly #runs = new Map<string, JobRun>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #cleanedMs = Number.NEGATIVE_INFINITY;
  #isEnding = false;
  #problem: string | undefined;

  constructor(jobs: JobFolder, options: JobWorkerOptions) {
    this.#jobs = jobs;
    this.#options = options;
  }

  /** Begins to look for jobs, once more each time that it is called. */
  look(): void {
    if (this.#isEnding || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#looking = this.#look()
      .then(() => {
        this.#problem = undefined;
      })
      .catch((error: NodeJS.ErrnoException) => {
        if (error.message !== this.#problem)
          this.#options.log.warn({ err: error }, "jobs cannot be looked for");
        this.#problem = error.message;
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#isEnding) return;
        this.#timer = setTimeout(() => this.look(), LOOK_MS);
        this.#timer.unref();
      });
  }

  /** Stops a job at once where it runs here. */
  cancel(id: string): void {
    this.#runs.get(id)?.stop("cancelled");
  }

  /** Puts the jobs that run here back into the queue, and takes no more. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    await this.#looking;
    const runs = [...this.#runs.values()];
    for (const run of runs) run.stop("ending");
    await Promise.all(runs.map(({ ended }) => ended));
  }

  async #look(): Promise<void> {
    const running = await this.#jobs.list("running");
    const others = running.filter(({ id }) => !this.#runs.has(id));
    const silent = await this.#leases.silent(others);
    for (const place of [...silent, ...(await this.#jobs.list("queued"))]) {
      if (this.#isEnding || this.#runs.size >= this.#options.maxJobs) break;
      const claim = await JobClaim.take(this.#jobs, place);
      if (claim !== undefined) this.#start(claim);
    }
    const nowMs = performance.now();
    if (nowMs - this.#cleanedMs < CLEAN_MS) return;
    this.#cleanedMs = nowMs;
    await removeOldJobs(this.#jobs);
  }

  #start(claim: JobClaim): void {
    const run = new JobRun(claim, this.#options);
    this.#runs.set(claim.id, run);
    void run.ended.then(() => {
      this.#runs.delete(claim.id);
      this.look();
    });
  }
}
