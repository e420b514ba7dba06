/** A clock and an event loop whose order of events is decided by a seed. */
import type { Scheduler } from "../../src/serving/scheduler.js";

/** A generator of numbers from 0 up to 1 (mulberry32, by Tommy Ettinger). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class SimulatedTime implements Scheduler {
  readonly random: () => number;
  #nowMs = 1_000;
  /** What could happen next; any of it may. */
  readonly #events: (() => void)[] = [];
  readonly #timers: { atMs: number; task: () => void }[] = [];

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  now(): number {
    return this.#nowMs;
  }

  soon(task: () => void): void {
    this.#events.push(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Resolves after any number of other events. */
  later(): Promise<void> {
    return new Promise((resolve) => this.soon(resolve));
  }

  /** Lets one thing happen, and all that follows from it at once. @returns false where there is nothing left. */
  async step(): Promise<boolean> {
    if (this.#events.length === 0 || this.random() < 0.02) this.#fireTimer();
    const count = this.#events.length;
    if (count === 0) return this.#timers.length > 0;
    const [event] = this.#events.splice(this.below(count), 1);
    event?.();
    await new Promise(setImmediate);
    return true;
  }

  /** Moves the clock to the next timer. */
  #fireTimer(): void {
    let next = this.#timers[0];
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    if (next === undefined) return;
    this.#timers.splice(this.#timers.indexOf(next), 1);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    this.soon(next.task);
  }
}
