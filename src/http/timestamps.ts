/** Reads the timestamps of a series: RFC 3339 or epoch milliseconds, increasing. */

import { parseDateTime } from "../data/timestamp.js";
import type { Violation } from "../errors.js";
import { describe, invalid, MAX_VIOLATIONS } from "./json-body.js";

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** [rows] in epoch milliseconds. Throws INVALID_REQUEST, with JSON pointers. */
export function readTimestamps(timestamps: unknown, rows: number): Float64Array {
  if (!Array.isArray(timestamps)) {
    throw invalid([{ path: "/timestamps", message: `must be an array, not ${describe(timestamps)}` }]);
  }
  if (timestamps.length !== rows) {
    const message = `has ${timestamps.length} timestamps for ${rows} rows of the series`;
    throw invalid([{ path: "/timestamps", message }]);
  }
  const violations: Violation[] = [];
  const timesMs = new Float64Array(rows);
  for (let row = 0; row < rows && violations.length < MAX_VIOLATIONS; row++) {
    const ms = toMs(timestamps[row]);
    const path = `/timestamps/${row}`;
    if (ms === undefined) violations.push({ path, message: "is neither RFC 3339 nor epoch milliseconds" });
    else if (row > 0 && ms <= timesMs[row - 1]!)
      violations.push({ path, message: "is not after the one before" });
    timesMs[row] = ms ?? Number.NEGATIVE_INFINITY;
  }
  if (violations.length > 0) throw invalid(violations);
  return timesMs;
}

function toMs(timestamp: unknown): number | undefined {
  if (typeof timestamp === "number") return Number.isFinite(timestamp) ? timestamp : undefined;
  if (typeof timestamp !== "string" || !RFC3339.test(timestamp)) return undefined;
  return parseDateTime(timestamp);
}
