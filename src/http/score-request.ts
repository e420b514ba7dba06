/**
 * Reads the body of a score request: its readings into one flat array, and for a series where its windows
 * begin.
 *
 * The readings are read straight from the bytes; the other members are parsed and checked against their
 * schema. A body that the fast reader does not understand is read by JSON.parse, and checked value by value
 * if it is wrong, so that the error says what is wrong and where.
 */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { usualMaxGapMs } from "../data/gaps.js";
import { ResiduaError } from "../errors.js";
import type { Arrays } from "../scoring/arrays.js";
import { windowStarts } from "../scoring/windows.js";
import type { ScorableModel } from "../serving/score-result.js";
import type { StreamRequest } from "../serving/series-stream.js";
import { asObject, checkMembers, describe, invalid, parseJson } from "./json-body.js";
import { flattenSeries, flattenWindows, tooShort, type WindowShape } from "./readings.js";
import { listed } from "./schema-faults.js";
import { type ScoreOptions, ScoreOptionsSchema, SeriesOptionsSchema } from "./score-schema.js";
import { readTimestamps } from "./timestamps.js";
import { readBodyMatrix } from "./wire/matrix-reader.js";

/** The shape that the windows of a request must have, and how many there may be. */
export interface ScoreLimits extends WindowShape {
  readonly maxWindows: number;
}

/** The limits of requests to a model. @param maxWindows what the queue holds. */
export function limitsOf({ name, version, scoring }: ScorableModel, maxWindows: number): ScoreLimits {
  const { timesteps, features } = scoring;
  return { model: `${name} ${version}`, timesteps, features, maxWindows };
}

export interface WindowsBody {
  readonly kind: "windows";
  readonly count: number;
  /** [count, T, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly options: ScoreOptions;
}

export interface SeriesBody {
  readonly kind: "series";
  readonly rows: number;
  /** [rows, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly options: ScoreOptions;
  /**
   * The first row of each window, increasing: every `stride` rows, with no gap in the timestamps inside one.
   */
  readonly starts: Int32Array;
  readonly stride: number;
  /** Where the request has a `continuation`: then there are no `starts`. */
  readonly stream: StreamRequest | undefined;
}

const checkWindowsOptions = TypeCompiler.Compile(ScoreOptionsSchema);
const checkSeriesOptions = TypeCompiler.Compile(SeriesOptionsSchema);

/**
 * Reads the body of a score request.
 *
 * @param arrays where the array of the readings may come from.
 * @throws ResiduaError INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE, SHAPE_MISMATCH, TOO_MANY_WINDOWS,
 *   with JSON pointers to what is wrong.
 */
export function readScoreRequest(
  body: Uint8Array,
  limits: ScoreLimits,
  arrays?: Arrays,
): WindowsBody | SeriesBody {
  const matrix = readBodyMatrix(body, arrays);
  if (matrix?.key === "windows") {
    const [count, timesteps, features] = matrix.shape;
    if (count! <= limits.maxWindows && timesteps === limits.timesteps && features === limits.features) {
      const options = checkMembers(checkWindowsOptions, matrix.others, "", ["windows"]);
      return { kind: "windows", count: count!, values: matrix.values, options };
    }
  } else if (matrix?.key === "series") {
    const [rows, features] = matrix.shape;
    if (features === limits.features) return toSeriesBody(rows!, matrix.values, matrix.others, limits);
  }
  return parseScoreRequest(body, limits);
}

/** The same by JSON.parse, for bodies that are wrong, or right but unusual. */
function parseScoreRequest(body: Uint8Array, limits: ScoreLimits): WindowsBody | SeriesBody {
  const { windows, series, ...members } = asObject(parseJson(body));
  if (windows === undefined && series === undefined) {
    const message = `must have windows or series; it has ${listed(Object.keys(members))}`;
    throw invalid([{ path: "", message }]);
  }
  if (windows !== undefined && series !== undefined) {
    throw invalid([{ path: "/series", message: "must not stand beside windows" }]);
  }
  if (series !== undefined) {
    if (!Array.isArray(series)) {
      throw invalid([{ path: "/series", message: `must be an array of rows, not ${describe(series)}` }]);
    }
    return toSeriesBody(series.length, flattenSeries(series, limits), members, limits);
  }
  const options = checkMembers(checkWindowsOptions, members, "", ["windows"]);
  if (!Array.isArray(windows)) {
    throw invalid([{ path: "/windows", message: `must be an array of windows, not ${describe(windows)}` }]);
  }
  if (windows.length === 0) throw invalid([{ path: "/windows", message: "must hold at least one window" }]);
  if (windows.length > limits.maxWindows) {
    throw new ResiduaError(
      "TOO_MANY_WINDOWS",
      `The request has ${windows.length} windows; one may have up to ${limits.maxWindows}.`,
    );
  }
  return { kind: "windows", count: windows.length, values: flattenWindows(windows, limits), options };
}

function toSeriesBody(
  rows: number,
  values: Float64Array,
  members: Readonly<Record<string, unknown>>,
  limits: ScoreLimits,
): SeriesBody {
  const { timestamps, ...others } = members;
  const {
    stride: asked,
    maxGapMs,
    continuation,
    ...options
  } = checkMembers(checkSeriesOptions, others, "", ["series", "timestamps"]);
  const stride = asked ?? 1;
  if (continuation !== undefined) {
    if (rows === 0) throw invalid([{ path: "/series", message: "must hold at least one row" }]);
    if (timestamps === undefined && maxGapMs !== undefined) throw noTimestamps();
    const timestampsMs = timestamps === undefined ? undefined : readTimestamps(timestamps, rows);
    const stream = { continuation, stride: asked, maxGapMs, timestampsMs };
    return { kind: "series", rows, values, options, starts: new Int32Array(0), stride, stream };
  }
  const stream = undefined;
  if (rows < limits.timesteps) throw tooShort(rows, limits);
  if (timestamps === undefined) {
    if (maxGapMs !== undefined) throw noTimestamps();
    const starts = windowStarts(rows, limits.timesteps, stride);
    return { kind: "series", rows, values, options, starts, stride, stream };
  }
  const timestampsMs = readTimestamps(timestamps, rows);
  const starts = windowStarts(rows, limits.timesteps, stride, {
    timestampsMs,
    maxGapMs: maxGapMs ?? usualMaxGapMs([timestampsMs]),
  });
  return { kind: "series", rows, values, options, starts, stride, stream };
}

function noTimestamps(): ResiduaError {
  return invalid([{ path: "/maxGapMs", message: "needs timestamps beside it" }]);
}
