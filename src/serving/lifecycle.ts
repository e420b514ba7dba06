/**
 * The phase that the process is in, and how many requests it is answering.
 *
 *   starting -> serving -> lameDuck -> draining
 *
 * As a lame duck it still takes requests but says that it is not ready, so that load balancers send it no
 * more before it refuses any.
 */
export type Phase = "starting" | "serving" | "lameDuck" | "draining";

export class Lifecycle {
  phase: Phase = "starting";
  #inFlight = 0;
  #idle: (() => void)[] = [];

  /** Whether a connection should be closed after the response that is being sent on it. */
  get isEnding(): boolean {
    return this.phase === "lameDuck" || this.phase === "draining";
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Counts a request as in flight. */
  requestBegan(): void {
    this.#inFlight += 1;
  }

  /** Ends what `requestBegan` began. */
  requestEnded(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when no request is in flight. */
  whenIdle(): Promise<void> {
    return this.#inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
