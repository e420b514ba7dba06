/** Reads the timestamps of a series: RFC 3339, or numbers of one unit since 1970, increasing. */
import { parseDateTime } from "../data/timestamp.js";
import type { Violation } from "../errors.js";
import { describe, invalid, MAX_VIOLATIONS } from "./json-body.js";

/** The units of numbers: seconds, milliseconds, microseconds, nanoseconds. */
export const TIME_UNITS = ["s", "ms", "us", "ns"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const WORDS = { s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds" } as const;

/** A largest timestamp below each of these is in the unit beside it: all of 1973 to 5138 in each unit. */
const MAGNITUDES = [
  [1e11, "s"],
  [1e14, "ms"],
  [1e17, "us"],
  [Number.POSITIVE_INFINITY, "ns"],
] as const;
/** Below this, numbers are more likely counts than times of any unit. */
const LEAST_EPOCH = 1e8;

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/;
/** The most characters of a timestamp that a message quotes. */
const MOST_QUOTED = 40;

export interface ReadTimes {
  /** [rows] in epoch milliseconds. */
  readonly ms: Float64Array;
  /** Null where they are text. */
  readonly unit: TimeUnit | null;
  /** Sentences on what was assumed. */
  readonly notes: readonly string[];
}

/** The timestamps of a request that may have none. @throws ResiduaError as `readTimestamps`. */
export function takeTimestamps(
  timestamps: unknown,
  rows: number,
  { timeUnit }: { readonly timeUnit?: TimeUnit | undefined },
): ReadTimes | undefined {
  if (timestamps !== undefined) return readTimestamps(timestamps, rows, timeUnit);
  if (timeUnit !== undefined) {
    throw invalid([{ path: "/timeUnit", message: "needs timestamps beside it" }]);
  }
  return undefined;
}

/**
 * Reads timestamps. Numbers are all of one unit, which their largest absolute value tells.
 *
 * @param timeUnit the unit of numbers where the request says it.
 * @throws ResiduaError INVALID_REQUEST, with JSON pointers.
 */
export function readTimestamps(timestamps: unknown, rows: number, timeUnit?: TimeUnit): ReadTimes {
  if (!Array.isArray(timestamps)) {
    throw invalid([{ path: "/timestamps", message: `must be an array, not ${describe(timestamps)}` }]);
  }
  if (timestamps.length !== rows) {
    const message = `has ${timestamps.length} timestamps for ${rows} rows of the series`;
    throw invalid([{ path: "/timestamps", message }]);
  }
  const isText = typeof timestamps[0] === "string";
  const ms = readIncreasing(timestamps, isText ? readText : readNumber);
  if (isText) {
    if (timeUnit === undefined) return { ms, unit: null, notes: [] };
    throw invalid([{ path: "/timeUnit", message: "is for timestamps that are numbers; these are text" }]);
  }
  let largest = 0;
  for (const value of ms) largest = Math.max(largest, Math.abs(value));
  if (timeUnit === undefined && largest < LEAST_EPOCH && rows > 0) {
    const message = `are numbers up to ${largest}, too small to tell their unit: say it as timeUnit, one of ${TIME_UNITS.join(", ")}`;
    throw invalid([{ path: "/timestamps", message }]);
  }
  const unit = timeUnit ?? MAGNITUDES.find(([below]) => largest < below)![1];
  for (let row = 0; row < rows; row++) ms[row] = toMs(ms[row]!, unit);
  const note = `The timestamps are taken as ${WORDS[unit]} since 1970, as the largest is ${largest}; timeUnit says another unit.`;
  return { ms, unit, notes: timeUnit === undefined && rows > 0 ? [note] : [] };
}

/** Divided where a factor would not be exact. */
function toMs(value: number, unit: TimeUnit): number {
  switch (unit) {
    case "s":
      return value * 1000;
    case "ms":
      return value;
    case "us":
      return value / 1e3;
    case "ns":
      return value / 1e6;
  }
}

/** A timestamp as a number, or what is wrong with it. */
type TimestampReader = (timestamp: unknown) => number | string;

function readIncreasing(timestamps: readonly unknown[], read: TimestampReader): Float64Array {
  const violations: Violation[] = [];
  const values = new Float64Array(timestamps.length);
  for (let row = 0; row < timestamps.length && violations.length < MAX_VIOLATIONS; row++) {
    const value = read(timestamps[row]);
    const path = `/timestamps/${row}`;
    if (typeof value === "string") violations.push({ path, message: value });
    else if (row > 0 && value <= values[row - 1]!)
      violations.push({ path, message: "is not after the one before" });
    values[row] = typeof value === "string" ? Number.NEGATIVE_INFINITY : value;
  }
  if (violations.length > 0) throw invalid(violations);
  return values;
}

const readNumber: TimestampReader = (timestamp) => {
  if (typeof timestamp !== "number") {
    return `must be a number, as the first timestamp, not ${describe(timestamp)}`;
  }
  return Number.isFinite(timestamp) ? timestamp : "is a number that a double cannot hold";
};

const readText: TimestampReader = (timestamp) => {
  if (typeof timestamp !== "string") {
    return `must be text, as the first timestamp, not ${describe(timestamp)}`;
  }
  const ms = RFC3339.test(timestamp) ? parseDateTime(timestamp) : undefined;
  if (ms !== undefined) return ms;
  const quoted = JSON.stringify(timestamp.slice(0, MOST_QUOTED));
  return WITHOUT_ZONE.test(timestamp)
    ? `is ${quoted}, which has no time zone: write it with one, as in 2024-03-01T12:00:00Z or +01:00`
    : `is ${quoted}, which is no time of RFC 3339, such as 2024-03-01T12:00:00Z`;
};
