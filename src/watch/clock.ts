/** Time, handed in so that tests bring their own. */
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after a time, or at once when the signal aborts. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The longest time that a timer of Node can wait. */
const MOST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: Date.now,
  wait: (ms, signal) =>
    delay(Math.min(ms, MOST_MS), undefined, { signal }).then(
      () => undefined,
      () => undefined,
    ),
};
