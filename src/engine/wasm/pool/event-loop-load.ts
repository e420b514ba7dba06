/** How busy the event loop of the calling thread is. */
import { performance } from "node:perf_hooks";

/** A loop that works for more than this share of the time is busy. */
const BUSY_SHARE = 0.5;
/** The share is measured anew after so long at the earliest: over a shorter time it says little. */
const LOOK_MS = 10;

export class EventLoopLoad {
  #since = performance.eventLoopUtilization();
  #lookedAtMs = performance.now();
  #isBusy = false;

  /** Whether the loop has had little time to spare since it was last looked at. */
  isBusy(): boolean {
    const now = performance.now();
    if (now - this.#lookedAtMs >= LOOK_MS) {
      const loop = performance.eventLoopUtilization();
      this.#isBusy = performance.eventLoopUtilization(loop, this.#since).utilization >= BUSY_SHARE;
      this.#since = loop;
      this.#lookedAtMs = now;
    }
    return this.#isBusy;
  }
}
