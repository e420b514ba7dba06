/** The answer to a series whose rows were resampled, for the rows that the caller sent. */
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { walkEvents } from "../scoring/event-stream.js";
import type { AnomalyEvent } from "../scoring/events.js";
import { lowerBound } from "../scoring/lower-bound.js";
import type { SeriesPartValues, SeriesResult, StreamEnd } from "./score-result.js";

/** Values that are copied between two pauses: about a millisecond's work. */
const SPREAD_AT_ONCE = 262_144;

/** Which row of the series each row of the caller went into. */
export interface GivenRows {
  /** [rows], not decreasing. */
  readonly rowOf: Int32Array;
  /** Where the newest timesteps alone are asked for: how many rows of the caller. */
  readonly last: number | undefined;
}

/** How many rows of the series are asked for, where `last` rows of the caller are. */
export function lastOfSeries({ rowOf, last }: GivenRows): number | undefined {
  if (last === undefined) return undefined;
  const rows = rowOf.length;
  return rowOf[rows - 1]! + 1 - rowOf[Math.max(0, rows - last)]!;
}

/**
 * The result with the values of each row of the caller: those of the row that it went into. Events and drift are in rows
 * of the caller too. It pauses for others where the rows are many.
 *
 * @param result of the series, which is no stream.
 */
export async function resultOfGivenRows(result: SeriesResult, given: GivenRows): Promise<SeriesResult> {
  const { rowOf } = given;
  const rows = rowOf.length;
  const { drift, parts, timestepError, windows } = result;
  const features = windows.featureNames.length;
  // More rows may go into the last row, and so change all windows that cover it.
  const final = lowerBound(rowOf, Math.max(0, result.rows - windows.timesteps));
  return {
    ...result,
    rows,
    score: await spread(result.score, rowOf, 1),
    anomalous: await spread(result.anomalous, rowOf, 1),
    pValue: await spread(result.pValue, rowOf, 1),
    timestepError: timestepError && (await spread(timestepError, rowOf, 1)),
    parts: parts && (await spreadParts(parts, rowOf, features)),
    from: given.last === undefined ? 0 : Math.max(0, rows - given.last),
    final,
    eventsFrom: undefined,
    drift:
      drift === null || drift.since === null ? drift : { ...drift, since: lowerBound(rowOf, drift.since) },
    finish: () => eventsOfGivenRows(result, rowOf),
  };
}

function* eventsOfGivenRows(
  { score, anomalous, windows, eventRule: rule, eventsFrom = 0 }: SeriesResult,
  rowOf: Int32Array,
): Generator<undefined, StreamEnd> {
  const events: AnomalyEvent[] = [];
  const walked = rule === undefined ? [] : walkEvents({ score, anomalous, windows, rule });
  for (const event of walked) {
    if (event === undefined) yield;
    else if (event.end >= eventsFrom) events.push(inGivenRows(event, rowOf));
  }
  return { events, continuation: undefined };
}

/** A row that no row of the caller went into stands for the next one. */
function inGivenRows(event: AnomalyEvent, rowOf: Int32Array): AnomalyEvent {
  const start = lowerBound(rowOf, event.start);
  const end = Math.max(start, lowerBound(rowOf, event.end + 1) - 1);
  return { ...event, start, end, peak: Math.min(end, lowerBound(rowOf, event.peak)) };
}

async function spreadParts(
  { featureError, heads, bounds }: SeriesPartValues,
  rowOf: Int32Array,
  features: number,
): Promise<SeriesPartValues> {
  const spreadHeads = new Map<string, Float32Array>();
  for (const [name, values] of heads) spreadHeads.set(name, await spread(values, rowOf, features));
  return {
    featureError: featureError && (await spread(featureError, rowOf, features)),
    heads: spreadHeads,
    bounds: bounds && {
      lower: await spread(bounds.lower, rowOf, features),
      upper: await spread(bounds.upper, rowOf, features),
    },
  };
}

async function spread<Values extends Float64Array | Float32Array | Int8Array>(
  values: Values,
  rowOf: Int32Array,
  width: number,
): Promise<Values> {
  const spread = new (values.constructor as new (length: number) => Values)(rowOf.length * width);
  const rowsAtOnce = Math.max(1, Math.floor(SPREAD_AT_ONCE / width));
  for (let row = 0, at = 0; row < rowOf.length; ) {
    const end = Math.min(rowOf.length, row + rowsAtOnce);
    for (; row < end; row++) {
      const from = rowOf[row]! * width;
      for (let i = 0; i < width; i++, at++) spread[at] = values[from + i]!;
    }
    if (row < rowOf.length) await yieldToEventLoop();
  }
  return spread;
}
