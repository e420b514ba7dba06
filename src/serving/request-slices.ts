/** A large request's windows in slices, and the client that waits for all of them. */
import type { ScorableModel } from "./score-result.js";

/** Readings of a slice: some milliseconds' work before the engine and after it. */
const SLICE_READINGS = 131_072;

/** The most windows of a slice. */
export function windowsOfSlice({ scoring }: ScorableModel): number {
  return Math.max(1, Math.floor(SLICE_READINGS / (scoring.timesteps * scoring.features)));
}

export function slicesOf(windows: number, most: number): { from: number; count: number }[] {
  return Array.from({ length: Math.ceil(windows / most) }, (_, i) => ({
    from: i * most,
    count: Math.min(most, windows - i * most),
  }));
}

export interface Client {
  readonly destroyed: boolean;
}

/** A client that is also gone once its request has failed: what is left of it need not run. */
export class RequestClient implements Client {
  readonly #client: Client | undefined;
  #isFailed = false;

  constructor(client: Client | undefined) {
    this.#client = client;
  }

  get destroyed(): boolean {
    return this.#isFailed || this.#client?.destroyed === true;
  }

  fail(): void {
    this.#isFailed = true;
  }
}
