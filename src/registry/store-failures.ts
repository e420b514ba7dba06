/** What a store of models could not do this time, as an answer to a request: it is no fault of this program. */
import { ResiduaError } from "../errors.js";
import { explainInSentence } from "./folder-files.js";
import type { ModelStore } from "./model-store.js";

const RETRY_AFTER_SECONDS = 5;

/**
 * For `catch` of an operation of a store.
 *
 * @returns what throws ResiduaError STORE_UNAVAILABLE for an error of the operating system, and any other error as it is.
 */
export function asAnswer({ title }: Pick<ModelStore, "title">): (error: unknown) => never {
  return (error) => {
    const { errno, code } = error as NodeJS.ErrnoException;
    // `inTime` gives up without an error of the system.
    if (errno === undefined && code !== "ETIMEDOUT") throw error;
    const message = `${title} cannot be used just now: ${explainInSentence(error)}`;
    throw new ResiduaError("STORE_UNAVAILABLE", message, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  };
}
