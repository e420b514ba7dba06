/** Takes jobs from their store and runs them, a few at once. */

import { JobRun, type JobRunOptions } from "./job-run.js";
import type { JobStore } from "./job-store.js";

/** How often the store is looked at. */
const LOOK_MS = 1000;

export interface JobWorkerOptions extends JobRunOptions {
  /** How many jobs run at once; 0 where others run them. */
  readonly maxJobs: number;
}

export class JobWorker {
  readonly #store: JobStore;
  readonly #options: JobWorkerOptions;
  readonly #runs = new Map<string, JobRun>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isEnding = false;
  #problem: string | undefined;

  constructor(store: JobStore, options: JobWorkerOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Begins to look for jobs, once more each time that it is called. */
  look(): void {
    if (this.#isEnding || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    const { log } = this.#options;
    this.#looking = this.#look()
      .then(() => {
        if (this.#problem !== undefined) log.info({}, "jobs can be looked for again");
        this.#problem = undefined;
      })
      .catch((error: Error) => {
        if (error.message !== this.#problem) log.warn({ err: error }, "jobs cannot be looked for");
        this.#problem = error.message;
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#isEnding) return;
        this.#timer = setTimeout(() => this.look(), LOOK_MS);
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
    await this.#store.tend(new Set(this.#runs.keys()));
    while (!this.#isEnding && this.#runs.size < this.#options.maxJobs) {
      const claim = await this.#store.take();
      if (claim === undefined) return;
      const run = new JobRun(claim, this.#options);
      this.#runs.set(run.id, run);
      void run.ended.then(() => {
        // A job that was lost may have been taken here again meanwhile.
        if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
        this.look();
      });
    }
  }
}
