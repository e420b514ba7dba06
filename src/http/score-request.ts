/**
 * Reads the body of a score request: its readings into one flat array, and for a series where its windows
 * begin.
 *
 * The readings are read straight from the bytes; the other members are parsed and checked against their
 * schema. A body that the fast reader does not understand is read by JSON.parse, and checked value by value
 * if it is wrong, so that the error says what is wrong and where.
 */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { modelResampling } from "../data/data-section.js";
import { ResiduaError } from "../errors.js";
import type { Arrays } from "../scoring/arrays.js";
import type { ScorableModel } from "../serving/score-result.js";
import { columnOrder, reorder } from "./columns.js";
import { asObject, checkMembers, describe, invalid, parseJson } from "./json-body.js";
import { refuseTooManyParts } from "./json-parts.js";
import { flattenSeries, flattenWindows } from "./readings.js";
import { listed } from "./schema-faults.js";
import { type ScoreOptions, ScoreOptionsSchema, SeriesOptionsSchema } from "./score-schema.js";
import { type SeriesBody, type SeriesLimits, seriesBody } from "./series-body.js";
import { takeTimestamps } from "./timestamps.js";
import { readBodyMatrix } from "./wire/matrix-reader.js";

/** The shape that the windows of a request must have, and how many there may be. */
export interface ScoreLimits extends SeriesLimits {
  readonly maxWindows: number;
}

/** The limits of requests to a model. @param maxWindows what the queue holds. */
export function limitsOf(
  { name, version, scoring, manifest }: ScorableModel,
  maxWindows: number,
): ScoreLimits {
  const { timesteps, features } = scoring;
  const featureNames = manifest.features;
  const resampling = modelResampling(manifest);
  const calendar = scoring.calendar?.parts;
  return { model: `${name} ${version}`, timesteps, features, featureNames, maxWindows, resampling, calendar };
}

export interface WindowsBody {
  readonly kind: "windows";
  readonly count: number;
  /** [count, T, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly options: ScoreOptions;
}

const checkWindowsOptions = TypeCompiler.Compile(ScoreOptionsSchema);
const checkSeriesOptions = TypeCompiler.Compile(SeriesOptionsSchema);

type Members = Readonly<Record<string, unknown>>;

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
  return readUsualRequest(body, limits, arrays) ?? parseScoreRequest(body, limits);
}

/**
 * The same for the bodies that take no time to read.
 *
 * @param mostOtherBytes how many bytes the members beside the readings may have.
 * @returns undefined for a body that must be read by JSON.parse.
 */
export function readUsualRequest(
  body: Uint8Array,
  limits: ScoreLimits,
  arrays?: Arrays,
  mostOtherBytes?: number,
): WindowsBody | SeriesBody | undefined {
  const matrix = readBodyMatrix(body, arrays, mostOtherBytes);
  if (matrix?.key === "windows") {
    const [count, timesteps, features] = matrix.shape;
    const isRightShape = timesteps === limits.timesteps && features === limits.features;
    if (isRightShape && count! > limits.maxWindows) throw tooManyWindows(count!, limits);
    if (isRightShape) {
      const options = checkMembers(checkWindowsOptions, matrix.others, "", ["windows"]);
      const order = columnOrder(options.columns, limits);
      if (order !== undefined) reorder(matrix.values, order);
      return { kind: "windows", count: count!, values: matrix.values, options };
    }
  } else if (matrix?.key === "series") {
    const [rows, features] = matrix.shape;
    if (features === limits.features) {
      return readSeries(matrix.others, limits, (order) => {
        if (order !== undefined) reorder(matrix.values, order);
        return { rows: rows!, values: matrix.values };
      });
    }
  }
  return undefined;
}

/** The same by JSON.parse, for bodies that are wrong, or right but unusual. */
function parseScoreRequest(body: Uint8Array, limits: ScoreLimits): WindowsBody | SeriesBody {
  refuseTooManyParts(body, limits);
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
    return readSeries(members, limits, (order) => ({
      rows: series.length,
      values: flattenSeries(series, limits, order),
    }));
  }
  const options = checkMembers(checkWindowsOptions, members, "", ["windows"]);
  if (!Array.isArray(windows)) {
    throw invalid([{ path: "/windows", message: `must be an array of windows, not ${describe(windows)}` }]);
  }
  if (windows.length === 0) throw invalid([{ path: "/windows", message: "must hold at least one window" }]);
  if (windows.length > limits.maxWindows) {
    throw tooManyWindows(windows.length, limits);
  }
  const values = flattenWindows(windows, limits, columnOrder(options.columns, limits));
  return { kind: "windows", count: windows.length, values, options };
}

function tooManyWindows(count: number, { maxWindows }: ScoreLimits): ResiduaError {
  return new ResiduaError(
    "TOO_MANY_WINDOWS",
    `The request has ${count} windows; one may have up to ${maxWindows}.`,
  );
}

/** @param readings gives the readings in the model's order, from those in an order as `columnOrder` gives it. */
function readSeries(
  members: Members,
  limits: ScoreLimits,
  readings: (order: Int32Array | undefined) => { rows: number; values: Float64Array },
): SeriesBody {
  const { timestamps, ...others } = members;
  const options = checkMembers(checkSeriesOptions, others, "", ["series", "timestamps"]);
  const { rows, values } = readings(columnOrder(options.columns, limits));
  const times = takeTimestamps(timestamps, rows, options);
  return seriesBody({ rows, values, times, notes: times?.notes ?? [] }, options, limits);
}
