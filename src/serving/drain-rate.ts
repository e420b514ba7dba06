/** How fast work leaves the queue, measured while there is some. */

/** Weight of the past against each run; about the last ten count. */
const MEMORY = 0.9;
const LEAST_SECONDS = 1;
const MOST_SECONDS = 60;

export class DrainRate {
  #work = 0;
  #busyMs = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  /** A run that did `work` started and ended; time since the run before counts once where they overlap. */
  record(work: number, startedAtMs: number, endedAtMs: number): void {
    const busyMs = endedAtMs - Math.max(startedAtMs, this.#lastEndMs);
    this.#lastEndMs = endedAtMs;
    this.#work = this.#work * MEMORY + work;
    this.#busyMs = this.#busyMs * MEMORY + Math.max(busyMs, 0);
  }

  /** Whole seconds, rounded up, 1 to 60, in which `work` will have been done at the rate of late. */
  secondsFor(work: number): number {
    const seconds = this.#work === 0 ? 0 : (work * this.#busyMs) / this.#work / 1000;
    return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.ceil(seconds)));
  }
}
