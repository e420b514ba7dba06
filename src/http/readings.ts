/**
 * From nested arrays of JSON to one flat array of readings, or to an error that says which of them is wrong.
 */
import { ResiduaError, type Violation } from "../errors.js";
import { describe, invalid, MAX_VIOLATIONS, NOT_FINITE, nonFinite } from "./json-body.js";

/** The shape of a model's windows. */
export interface WindowShape {
  /** Name and version, for messages. */
  readonly model: string;
  readonly timesteps: number;
  readonly features: number;
}

/**
 * Reads [n][T][F] into [n, T, F]; null becomes NaN. Throws INVALID_REQUEST, SHAPE_MISMATCH or NON_FINITE_VALUE with
 * JSON pointers.
 */
export function flattenWindows(windows: readonly unknown[], shape: WindowShape): Float64Array {
  const { timesteps, features } = shape;
  const values = new Float64Array(windows.length * timesteps * features);
  for (const [w, window] of windows.entries()) {
    if (
      !Array.isArray(window) ||
      window.length !== timesteps ||
      !copyRows(window, features, values, w * timesteps * features)
    ) {
      throw explainWindows(windows, shape);
    }
  }
  return values;
}

/**
 * Reads [N][F] into [N, F]; null becomes NaN. Throws INVALID_REQUEST, SHAPE_MISMATCH or NON_FINITE_VALUE with JSON
 * pointers.
 */
export function flattenSeries(rows: readonly unknown[], shape: WindowShape): Float64Array {
  const values = new Float64Array(rows.length * shape.features);
  if (!copyRows(rows, shape.features, values, 0)) throw explainSeries(rows, shape);
  return values;
}

/** SHAPE_MISMATCH for a series too short for one window. */
export function tooShort(rows: number, { model, timesteps, features }: WindowShape): ResiduaError {
  return new ResiduaError(
    "SHAPE_MISMATCH",
    `The series has shape [${rows}, ${features}]; ${model} takes windows of shape [${timesteps}, ${features}] (timesteps, features), so it needs at least ${timesteps} rows.`,
    { violations: [{ path: "/series", message: `has ${rows} rows; at least ${timesteps} are needed` }] },
  );
}

/**
 * Copies rows of `features` readings to `values`, from `at` on.
 *
 * @returns false where a row or a reading is wrong.
 */
function copyRows(rows: readonly unknown[], features: number, values: Float64Array, at: number): boolean {
  let i = at;
  let sum = 0;
  for (const row of rows) {
    if (!Array.isArray(row) || row.length !== features) return false;
    for (let feature = 0; feature < features; feature++) {
      const value: unknown = row[feature];
      if (typeof value === "number") {
        sum += value * 0;
        values[i] = value;
      } else if (value === null) {
        values[i] = Number.NaN;
      } else {
        return false;
      }
      i += 1;
    }
  }
  // value * 0 is 0 for every finite number. JSON's only other number is infinite, such as 1e999, for which it is
  // NaN.
  return sum === 0;
}

/**
 * Collects faults. Of those found, wrong types are reported before wrong shapes, and these before non-finite
 * numbers.
 */
class Faults {
  readonly #types: Violation[] = [];
  readonly #shapes: Violation[] = [];
  readonly #infinite: Violation[] = [];
  #shape: string | undefined;

  type(path: string, message: string): void {
    add(this.#types, path, message);
  }

  /** Whether nothing that is found later can change the error. */
  get areEnough(): boolean {
    return this.#types.length >= MAX_VIOLATIONS;
  }

  /** @param found the beginning of a sentence that says which shape there is. */
  shape(path: string, message: string, found: string): void {
    add(this.#shapes, path, message);
    this.#shape ??= found;
  }

  /** Checks a row. @param where the beginning of a sentence that says which row it is. */
  row(row: unknown, path: string, features: number, where: string): void {
    if (!Array.isArray(row)) {
      this.type(path, `must be an array of ${features} numbers, not ${describe(row)}`);
      return;
    }
    for (const [feature, value] of row.entries()) {
      if (typeof value === "number") {
        if (!Number.isFinite(value)) add(this.#infinite, `${path}/${feature}`, NOT_FINITE);
      } else if (value !== null) {
        this.type(`${path}/${feature}`, `must be a number or null, not ${describe(value)}`);
      }
    }
    if (row.length === features) return;
    this.shape(
      path,
      `has ${row.length} features; the model has ${features}`,
      `${where} has ${row.length} features`,
    );
  }

  error({ model, timesteps, features }: WindowShape): ResiduaError {
    if (this.#types.length > 0) return invalid(this.#types);
    if (this.#shapes.length === 0) return nonFinite(this.#infinite);
    return new ResiduaError(
      "SHAPE_MISMATCH",
      `${this.#shape}; ${model} takes windows of shape [${timesteps}, ${features}] (timesteps, features).`,
      { violations: this.#shapes },
    );
  }
}

function add(violations: Violation[], path: string, message: string): void {
  if (violations.length < MAX_VIOLATIONS) violations.push({ path, message });
}

function explainWindows(windows: readonly unknown[], shape: WindowShape): ResiduaError {
  const { timesteps, features } = shape;
  const faults = new Faults();
  for (const [w, window] of windows.entries()) {
    if (faults.areEnough) break;
    const path = `/windows/${w}`;
    if (!Array.isArray(window)) {
      faults.type(path, `must be an array of ${timesteps} rows, not ${describe(window)}`);
      continue;
    }
    for (const [t, row] of window.entries()) {
      faults.row(row, `${path}/${t}`, features, `Window ${w}, timestep ${t},`);
    }
    if (window.length === timesteps) continue;
    const width = Array.isArray(window[0]) ? window[0].length : features;
    const message = `has ${window.length} timesteps; the model has ${timesteps}`;
    faults.shape(path, message, `Window ${w} has shape [${window.length}, ${width}]`);
  }
  return faults.error(shape);
}

function explainSeries(rows: readonly unknown[], shape: WindowShape): ResiduaError {
  const faults = new Faults();
  for (const [t, row] of rows.entries()) {
    if (faults.areEnough) break;
    faults.row(row, `/series/${t}`, shape.features, `Row ${t} of the series`);
  }
  return faults.error(shape);
}
