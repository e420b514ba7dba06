/**
 * The bytes of a score request to readings in one flat array.
 *
 * The many numbers are read straight from the bytes and the few small members checked by their schema. Where the
 * reader finds anything odd, JSON.parse has a look, and a slow walk says what is wrong and where.
 */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { ResiduaError, type Violation } from "../errors.js";
import {
  asObject,
  checkMembers,
  describe,
  invalid,
  MAX_VIOLATIONS,
  NOT_FINITE,
  nonFinite,
  parseJson,
} from "./json-body.js";
import { type ScoreOptions, ScoreOptionsSchema } from "./score-schema.js";
import { readBodyMatrix } from "./wire/matrix-reader.js";

/** What a model's windows have to look like, and how many there may be. */
export interface WindowShape {
  readonly model: string;
  readonly timesteps: number;
  readonly features: number;
  readonly maxWindows: number;
}

export interface WindowsBody {
  readonly count: number;
  /** [count, T, F]; NaN = missing. */
  readonly values: Float64Array;
  readonly options: ScoreOptions;
}

const checkOptions = TypeCompiler.Compile(ScoreOptionsSchema);

/**
 * Throws INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE, SHAPE_MISMATCH, TOO_MANY_WINDOWS, with JSON pointers to
 * what was wrong.
 */
export function readScoreRequest(body: Uint8Array, shape: WindowShape): WindowsBody {
  const matrix = readBodyMatrix(body);
  const [count = 0, timesteps, features] = matrix?.shape ?? [];
  if (
    matrix?.key === "windows" &&
    count <= shape.maxWindows &&
    timesteps === shape.timesteps &&
    features === shape.features
  ) {
    return { count, values: matrix.values, options: checkMembers(checkOptions, matrix.others) };
  }
  return parseScoreRequest(body, shape);
}

/** The same by JSON.parse, for bodies that are wrong or merely unusual. */
function parseScoreRequest(body: Uint8Array, shape: WindowShape): WindowsBody {
  const { windows, ...members } = asObject(parseJson(body));
  if (windows === undefined) throw invalid([{ path: "/windows", message: "is missing" }]);
  const options = checkMembers(checkOptions, members);
  if (!Array.isArray(windows)) {
    throw invalid([{ path: "/windows", message: `must be an array of windows, not ${describe(windows)}` }]);
  }
  if (windows.length === 0) throw invalid([{ path: "/windows", message: "must hold at least one window" }]);
  if (windows.length > shape.maxWindows) {
    throw new ResiduaError(
      "TOO_MANY_WINDOWS",
      `The request has ${windows.length} windows; one may have up to ${shape.maxWindows}.`,
    );
  }
  return { count: windows.length, values: flattenWindows(windows, shape), options };
}

/** [n][T][F] to one array; null becomes NaN. */
function flattenWindows(windows: readonly unknown[], shape: WindowShape): Float64Array {
  const { timesteps, features } = shape;
  const values = new Float64Array(windows.length * timesteps * features);
  let i = 0;
  let sum = 0;
  for (const window of windows) {
    if (!Array.isArray(window) || window.length !== timesteps) throw explainWindows(windows, shape);
    for (let step = 0; step < timesteps; step++) {
      const row: unknown = window[step];
      if (!Array.isArray(row) || row.length !== features) throw explainWindows(windows, shape);
      for (let feature = 0; feature < features; feature++) {
        const value: unknown = row[feature];
        if (typeof value === "number") {
          sum += value * 0;
          values[i] = value;
        } else if (value === null) {
          values[i] = Number.NaN;
        } else {
          throw explainWindows(windows, shape);
        }
        i += 1;
      }
    }
  }
  // Zero times a number is zero unless it is infinite, and JSON knows no other number that is not finite.
  if (sum !== 0) throw explainWindows(windows, shape);
  return values;
}

/** What is wrong with windows: wrong types before wrong shapes before numbers too large. */
function explainWindows(windows: readonly unknown[], shape: WindowShape): ResiduaError {
  const { model, timesteps, features } = shape;
  const faults = { types: [] as Violation[], shapes: [] as Violation[], infinite: [] as Violation[] };
  let firstShape: string | undefined;
  for (const [w, window] of windows.entries()) {
    const path = `/windows/${w}`;
    if (!Array.isArray(window)) {
      add(faults.types, path, `must be an array of ${timesteps} rows, not ${describe(window)}`);
      continue;
    }
    for (const [t, row] of window.entries()) {
      if (!Array.isArray(row)) {
        add(faults.types, `${path}/${t}`, `must be an array of ${features} numbers, not ${describe(row)}`);
        continue;
      }
      explainRow(row, `${path}/${t}`, faults.types, faults.infinite);
      if (row.length === features) continue;
      add(faults.shapes, `${path}/${t}`, `has ${row.length} features; the model has ${features}`);
      firstShape ??= `Window ${w} has ${row.length} features at timestep ${t}`;
    }
    if (window.length === timesteps) continue;
    add(faults.shapes, path, `has ${window.length} timesteps; the model has ${timesteps}`);
    firstShape ??= `Window ${w} has shape [${window.length}, ${rowLength(window) ?? features}]`;
  }
  if (faults.types.length > 0) return invalid(faults.types);
  if (faults.shapes.length === 0) return nonFinite(faults.infinite);
  return new ResiduaError(
    "SHAPE_MISMATCH",
    `${firstShape}; ${model} takes windows of shape [${timesteps}, ${features}] (timesteps, features).`,
    { violations: faults.shapes },
  );
}

/** Faults of one row of readings. */
export function explainRow(
  row: readonly unknown[],
  path: string,
  types: Violation[],
  infinite: Violation[],
): void {
  for (const [feature, value] of row.entries()) {
    if (typeof value !== "number") {
      if (value !== null)
        add(types, `${path}/${feature}`, `must be a number or null, not ${describe(value)}`);
    } else if (!Number.isFinite(value)) {
      add(infinite, `${path}/${feature}`, NOT_FINITE);
    }
  }
}

function add(violations: Violation[], path: string, message: string): void {
  if (violations.length < MAX_VIOLATIONS) violations.push({ path, message });
}

function rowLength(window: readonly unknown[]): number | undefined {
  return Array.isArray(window[0]) ? window[0].length : undefined;
}
