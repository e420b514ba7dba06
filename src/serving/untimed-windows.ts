/** Windows without times, for a model that reads the calendar. */
import { ResiduaError } from "../errors.js";
import { nameParts } from "../scoring/calendar.js";
import type { ScorableModel } from "./score-result.js";

/** @throws ResiduaError UNSUPPORTED_BY_MODEL where the model reads the calendar: requests have times for series alone. */
export function refuseWithoutTimes({ name, version, scoring }: ScorableModel): void {
  if (scoring.calendar === undefined) return;
  throw new ResiduaError(
    "UNSUPPORTED_BY_MODEL",
    `${name} ${version} reads ${nameParts(scoring.calendar.parts)} of each row, and windows have no times: send the rows as a series with timestamps.`,
    { violations: [{ path: "/windows", message: "are not possible for this model: send a series" }] },
  );
}
