/** Limits of jobs that hold whatever they are kept in. */

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** A worker that has not said for so long that it lives has lost its job. */
export const LEASE_MS = 15 * SECOND_MS;
/** How many jobs that have ended are kept, and for how long. */
export const MOST_ENDED = 1000;
export const ENDED_MS = 7 * DAY_MS;
/** For how long an Idempotency-Key stands for its job. */
export const KEY_MS = DAY_MS;
