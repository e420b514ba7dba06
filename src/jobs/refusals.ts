/** Why an order is refused, in the words of both kinds of store. */
import { ResiduaError } from "../errors.js";

/** After how long a queue that is full may have room. */
const RETRY_AFTER_SECONDS = 30;

/** The refusal of an order where `most` jobs wait already. */
export function tooManyJobs(waiting: number, most: number): ResiduaError {
  return new ResiduaError(
    "TOO_MANY_JOBS",
    `${waiting} jobs wait, and no more than ${most} may (RESIDUA_MAX_QUEUED_JOBS); try again when one has ended.`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}

/** The refusal of a key that stands for another order. */
export function keyUsedOtherwise(): ResiduaError {
  return new ResiduaError(
    "CONFLICT",
    "The Idempotency-Key was sent before with another body, other options or another model; send a new one.",
  );
}
