/** The ids of jobs. */
import { randomBytes } from "node:crypto";

/** What an id looks like: it is part of paths and of keys. */
export const JOB_ID_PATTERN = "^[0-9a-z]{24}$";
const ID = new RegExp(JOB_ID_PATTERN);

/** Whether a text can be the id of a job. */
export function isJobId(text: string): boolean {
  return ID.test(text);
}

/** A new id; ids sort by the time at which they were made. */
export function newJobId(nowMs: number): string {
  return (
    nowMs.toString(36).padStart(10, "0") +
    BigInt(`0x${randomBytes(9).toString("hex")}`)
      .toString(36)
      .padStart(14, "0")
      .slice(-14)
  );
}
