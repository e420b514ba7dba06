/** The slices of a large request, and the client that waits for all of them. */
import type { BatchClient } from "./batch-job.js";
import type { ScorableModel } from "./score-result.js";

/** Who waits for an answer, such as a socket. */
export type Client = BatchClient;

/** Readings and calendar inputs of a slice: to scale and score them takes the event loop some milliseconds. */
const SLICE_NUMBERS = 131_072;

/** The most windows that a slice of a model has; at least 1. */
export function windowsOfSlice({ scoring }: ScorableModel): number {
  const width = scoring.features + (scoring.calendarInputs?.width ?? 0);
  return Math.max(1, Math.floor(SLICE_NUMBERS / (scoring.timesteps * width)));
}

/** The slices of so many windows, each of at most `most`. */
export function slicesOf(windows: number, most: number): { from: number; count: number }[] {
  return Array.from({ length: Math.ceil(windows / most) }, (_, i) => ({
    from: i * most,
    count: Math.min(most, windows - i * most),
  }));
}

/**
 * The client of a request in slices. It counts as gone once one slice has failed, so that the others are not
 * run.
 */
export class RequestClient implements Client {
  readonly #client: Client | undefined;
  #isFailed = false;

  constructor(client: Client | undefined) {
    this.#client = client;
  }

  /** Its requests take turns with those of other connections as one client. */
  get connection(): object | undefined {
    return this.#client;
  }

  get remoteAddress(): string | undefined {
    return this.#client?.remoteAddress;
  }

  get destroyed(): boolean {
    return this.#isFailed || this.#client?.destroyed === true;
  }

  /** Notes that a slice has failed. */
  fail(): void {
    this.#isFailed = true;
  }
}
