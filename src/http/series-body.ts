/** A series as it was read from a body: what is scored of it, and what is said about its times. */
import type { ModelResampling } from "../data/data-section.js";
import { usualMaxGapMs, usualStepMs } from "../data/gaps.js";
import { InputError } from "../errors.js";
import { type CalendarPart, nameParts } from "../scoring/calendar.js";
import { type ResampledRows, resampleRows } from "../scoring/resampling.js";
import { findRuns, windowStarts } from "../scoring/windows.js";
import type { GivenRows } from "../serving/resampled-result.js";
import { type StreamRequest, streamTimes } from "../serving/stream-times.js";
import { invalid } from "./json-body.js";
import { tooShort, type WindowShape } from "./readings.js";
import type { SeriesOptions } from "./score-schema.js";
import type { TimeUnit } from "./timestamps.js";

/** The rows of a series. */
export interface SeriesRows {
  readonly rows: number;
  /** [rows, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly times: SeriesTimes | undefined;
  /** Sentences on what was assumed. */
  readonly notes: readonly string[];
}

/** The times of the rows. */
export interface SeriesTimes {
  /** [rows], not decreasing. */
  readonly ms: Float64Array;
  /** Null where they are text. */
  readonly unit: TimeUnit | null;
}

/** What an answer says of the times. */
export interface TimeFacts {
  readonly unit: TimeUnit | null;
  /** The usual step; null for a single row. */
  readonly stepMs: number | null;
  /** How many steps are gaps; undefined for a stream, of which the service knows more rows. */
  readonly gaps: number | undefined;
}

export interface SeriesBody {
  readonly kind: "series";
  readonly rows: number;
  /** [rows, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly options: SeriesOptions;
  /**
   * The first row of each window, increasing: every `stride` rows, with no gap in the timestamps inside one.
   */
  readonly starts: Int32Array;
  readonly stride: number;
  /** Where the request has a `continuation`: then there are no `starts`. */
  readonly stream: StreamRequest | undefined;
  /** Undefined without timestamps. */
  readonly time: TimeFacts | undefined;
  /** [rows] */
  readonly timesMs: Float64Array | undefined;
  /** [rows], of rows that were resampled too: their own. */
  readonly timestampsMs: Float64Array | undefined;
  readonly notes: readonly string[];
  /** Where the rows were resampled: those that were sent. */
  readonly given?: GivenRows | undefined;
}

/** A model as far as the rows of a series concern it. */
export interface SeriesLimits extends WindowShape {
  readonly resampling?: ModelResampling | undefined;
  /** What the network reads of the time of each row; undefined for nothing. */
  readonly calendar?: readonly CalendarPart[] | undefined;
}

/**
 * The body of a series.
 *
 * @throws ResiduaError SHAPE_MISMATCH where it is too short; INVALID_REQUEST for options, or a model, that need timestamps.
 */
export function seriesBody(read: SeriesRows, options: SeriesOptions, shape: SeriesLimits): SeriesBody {
  if (shape.resampling !== undefined) return resampledBody(read, options, shape, shape.resampling);
  const { rows, values, times } = read;
  const { maxGapMs, continuation, stride = 1 } = options;
  if (times === undefined && maxGapMs !== undefined) {
    throw invalid([{ path: "/maxGapMs", message: "needs timestamps beside it" }]);
  }
  if (times === undefined && shape.calendar !== undefined) {
    const message = `are needed: ${shape.model} reads ${nameParts(shape.calendar)} of each row; in CSV and in JSON lines of objects, as a column of times`;
    throw invalid([{ path: "/timestamps", message }]);
  }
  const stepMs = times === undefined ? undefined : (usualStepMs([times.ms]) ?? null);
  const time = times === undefined ? undefined : { unit: times.unit, stepMs: stepMs!, gaps: undefined };
  const ms = times?.ms;
  const base = {
    ...({ kind: "series", rows, values, options, stride } as const),
    ...{ timesMs: ms, timestampsMs: ms },
  };
  if (continuation !== undefined) {
    if (rows === 0) throw invalid([{ path: "/series", message: "must hold at least one row" }]);
    const streamed = times && streamTimes(times.ms, stepMs ?? undefined, continuation);
    const stream = { continuation, stride: options.stride, maxGapMs, times: streamed };
    return { ...base, starts: new Int32Array(0), stream, time, notes: read.notes };
  }
  if (rows < shape.timesteps) throw tooShort(rows, shape);
  if (times === undefined || time === undefined) {
    const starts = windowStarts(rows, shape.timesteps, stride);
    return { ...base, starts, stream: undefined, time, notes: read.notes };
  }
  const bounds = { timestampsMs: times.ms, maxGapMs: maxGapMs ?? usualMaxGapMs([times.ms]) };
  const gaps = findRuns(rows, bounds).length - 1;
  const notes = [...read.notes];
  if (maxGapMs === undefined && gaps > 0) {
    notes.push(
      `No window crosses a step of more than ${bounds.maxGapMs! / 1000} s, 10 times the usual one; maxGapMs sets another limit.`,
    );
  }
  const starts = windowStarts(rows, shape.timesteps, stride, bounds);
  return { ...base, starts, stream: undefined, time: { ...time, gaps }, notes };
}

/** Readings that resampling may always make, however few there were. */
const MOST_RESAMPLED = 100_000;
/** Else so many for each that there was. */
const MOST_TIMES = 4;

/** The body of a series for a model that resamples: its rows at the model's step. */
function resampledBody(
  { rows: given, values, times, notes }: SeriesRows,
  options: SeriesOptions,
  shape: SeriesLimits,
  resampling: ModelResampling,
): SeriesBody {
  const { model, timesteps, features } = shape;
  const { aggregate, stepMs } = resampling;
  const does = `${model} takes rows of one step, the ${aggregate} of every ${stepMs / 1000} s`;
  if (options.continuation !== undefined) {
    const message = `is not for a model that resamples: ${does}; send the whole series each time`;
    throw invalid([{ path: "/continuation", message }]);
  }
  if (times === undefined) {
    throw invalid([{ path: "/timestamps", message: `are needed: ${does}, which it makes of those sent` }]);
  }
  if (given === 0) throw tooShort(0, shape);
  const maxGapMs = options.maxGapMs ?? resampling.maxGapMs;
  const most = Math.max(Math.ceil(MOST_RESAMPLED / features), MOST_TIMES * given);
  let resampled: ResampledRows;
  try {
    resampled = resampleRows({ values, timestampsMs: times.ms }, features, resampling, maxGapMs, most);
  } catch (error) {
    throw error instanceof InputError
      ? invalid([{ path: "/timestamps", message: `are too far apart. ${error.message}` }])
      : error;
  }
  const { rows, rowOf, timestampsMs } = resampled;
  if (rows < timesteps) {
    const message = `has ${given} rows, which are ${rows} of ${stepMs / 1000} s; ${model} needs at least ${timesteps} of these`;
    throw invalid([{ path: "/series", message }]);
  }
  const bounds = { timestampsMs, maxGapMs };
  const { stride = 1, last } = options;
  return {
    kind: "series",
    rows,
    values: resampled.values,
    options,
    starts: windowStarts(rows, timesteps, stride, bounds),
    stride,
    stream: undefined,
    timesMs: times.ms,
    timestampsMs,
    time: {
      unit: times.unit,
      stepMs: usualStepMs([times.ms]) ?? null,
      gaps: findRuns(rows, bounds).length - 1,
    },
    notes: [
      ...notes,
      `${given} rows were resampled to ${rows} (${aggregate} of every ${stepMs / 1000} s); each row has the values of the one that it went into.`,
    ],
    given: { rowOf, last },
  };
}
