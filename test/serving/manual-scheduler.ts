/** A clock that stands still and an event loop that turns when told. */
import type { Scheduler } from "../../src/serving/scheduler.js";

export class ManualScheduler implements Scheduler {
  nowMs = 1000;
  #soon: (() => void)[] = [];
  readonly #timers = new Set<{ atMs: number; task: () => void }>();

  now(): number {
    return this.nowMs;
  }

  soon(task: () => void): void {
    this.#soon.push(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Runs what was put off until now, then lets promises settle. */
  async turn(): Promise<void> {
    for (const task of this.#soon.splice(0)) task();
    await settle();
  }

  async advance(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.nowMs || !this.#timers.delete(timer)) continue;
      timer.task();
    }
    await settle();
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
