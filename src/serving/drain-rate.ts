/** How fast the engine works off the queue, measured while there is work. */

/** What each new run leaves of the weight of those before: about the last ten runs count. */
const MEMORY = 0.9;
const LEAST_SECONDS = 1;
const MOST_SECONDS = 60;

export class DrainRate {
  #work = 0;
  #busyMs = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  /**
   * Records a run of `work` (windows x timesteps). Where runs overlap, the time that they share counts once.
   */
  record(work: number, startedAtMs: number, endedAtMs: number): void {
    const busyMs = endedAtMs - Math.max(startedAtMs, this.#lastEndMs);
    this.#lastEndMs = endedAtMs;
    this.#work = this.#work * MEMORY + work;
    this.#busyMs = this.#busyMs * MEMORY + Math.max(busyMs, 0);
  }

  /** Whole seconds, rounded up, 1 to 60, in which `work` will have been done at the rate measured of late. */
  secondsFor(work: number): number {
    const seconds = this.#work === 0 ? 0 : (work * this.#busyMs) / this.#work / 1000;
    return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.ceil(seconds)));
  }
}
