/** How long clients may take, and be silent. */
import { READING_MS } from "./body-threads.js";

/** All in milliseconds. */
export type Timeouts = typeof TIMEOUTS;

export const TIMEOUTS = {
  /** How long the headers of a request may take to arrive. */
  headersMs: 10_000,
  /** How long the whole request may take to arrive, but for training data. */
  requestMs: 60_000,
  /**
   * Longer than load balancers keep an idle connection (60 s), so that the service never closes one they are
   * about to use.
   */
  keepAliveMs: 75_000,
  /** How often the first two are checked. */
  checkMs: 1_000,
  /** An upload of which nothing arrives for so long is ended. */
  stalledMs: 15_000,
  /** How long a large body may be read, and a second more for each MiB of it. */
  readingMs: READING_MS,
};
