/**
 * Where the process is between its start and its end, and how many requests it is at.
 *
 *   starting -> serving -> lameDuck -> draining
 *
 * As a lame duck it takes requests but is not ready, so that balancers turn away before it refuses any.
 */
export type Phase = "starting" | "serving" | "lameDuck" | "draining";

export class Lifecycle {
  phase: Phase = "starting";
  #inFlight = 0;
  #idle: (() => void)[] = [];

  /** Whether connections should end with the response at hand. */
  get isEnding(): boolean {
    return this.phase === "lameDuck" || this.phase === "draining";
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  requestBegan(): void {
    this.#inFlight += 1;
  }

  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when no request is in flight. */
  whenIdle(): Promise<void> {
    return this.#inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
