/** Turns what the system says on writing to the folder of jobs into an answer. */
import { ResiduaError } from "../../errors.js";
import { explain, isReadOnly } from "../../registry/folder-files.js";

/** The refusal of data for which there is no space. @param why without a full stop. */
export function noRoom(why: string): ResiduaError {
  return new ResiduaError(
    "INSUFFICIENT_STORAGE",
    `There is no room for the data on the volume that jobs are kept on: ${why}.`,
  );
}

/** @throws ResiduaError INSUFFICIENT_STORAGE or CONFLICT where that is what the error says, else the error. */
export function refuseWriting(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw noRoom(explain(error));
  if (isReadOnly(error as NodeJS.ErrnoException)) {
    throw new ResiduaError(
      "CONFLICT",
      `There can be no jobs here: this process may not write to the folder of jobs, which is in the folder of models, or in RESIDUA_CACHE where models are in an object store: ${explain(error)}.`,
      { cause: error },
    );
  }
  throw error;
}
