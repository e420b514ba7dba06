/** The answer to a series whose rows were resampled, for the rows that the caller sent. */
import { walkEvents } from "../scoring/event-stream.js";
import type { AnomalyEvent } from "../scoring/events.js";
import { lowerBound } from "../scoring/lower-bound.js";
import type { SeriesPartValues, SeriesResult, StreamEnd } from "./score-result.js";

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
 * of the caller too.
 *
 * @param result of the series, which is no stream.
 */
export function resultOfGivenRows(result: SeriesResult, given: GivenRows): SeriesResult {
  const { rowOf } = given;
  const rows = rowOf.length;
  const { drift, parts, timestepError, windows } = result;
  const features = windows.featureNames.length;
  // More rows may go into the last row, and so change all windows that cover it.
  const final = lowerBound(rowOf, Math.max(0, result.rows - windows.timesteps));
  return {
    ...result,
    rows,
    score: spread(result.score, rowOf, 1),
    anomalous: spread(result.anomalous, rowOf, 1),
    pValue: spread(result.pValue, rowOf, 1),
    timestepError: timestepError && spread(timestepError, rowOf, 1),
    parts: parts && spreadParts(parts, rowOf, features),
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

function spreadParts(
  { featureError, heads, bounds }: SeriesPartValues,
  rowOf: Int32Array,
  features: number,
): SeriesPartValues {
  return {
    featureError: featureError && spread(featureError, rowOf, features),
    heads: new Map([...heads].map(([name, values]) => [name, spread(values, rowOf, features)])),
    bounds: bounds && {
      lower: spread(bounds.lower, rowOf, features),
      upper: spread(bounds.upper, rowOf, features),
    },
  };
}

function spread<Values extends Float64Array | Float32Array | Int8Array>(
  values: Values,
  rowOf: Int32Array,
  width: number,
): Values {
  const spread = new (values.constructor as new (length: number) => Values)(rowOf.length * width);
  for (let row = 0, at = 0; row < rowOf.length; row++) {
    const from = rowOf[row]! * width;
    for (let i = 0; i < width; i++, at++) spread[at] = values[from + i]!;
  }
  return spread;
}
