/**
 * From nested arrays of JSON to one flat array of readings, or to an error that says which of them is wrong.
 */
import { ResiduaError, type Violation } from "../errors.js";
import { featureList, featurePlaces, type NamedFeatures } from "./columns.js";
import { invalid, MAX_VIOLATIONS, NOT_FINITE, nonFinite, wrongShape } from "./json-body.js";
import { escapePointer } from "./json-pointer.js";
import { describe } from "./schema-faults.js";

/** The shape of a model's windows. */
export interface WindowShape extends NamedFeatures {
  readonly timesteps: number;
  readonly features: number;
}

/**
 * Reads [n][T][F] into [n, T, F]; null becomes NaN, and so does a feature that is left out of a row that is an object.
 *
 * @param order of the readings in rows that are arrays, as `columnOrder` gives it.
 * @throws ResiduaError INVALID_REQUEST, SHAPE_MISMATCH or NON_FINITE_VALUE with JSON pointers.
 */
export function flattenWindows(
  windows: readonly unknown[],
  shape: WindowShape,
  order?: Int32Array,
): Float64Array {
  const { timesteps, features } = shape;
  const rows = new RowReader(shape, order);
  const values = new Float64Array(windows.length * timesteps * features);
  for (const [w, window] of windows.entries()) {
    if (
      !Array.isArray(window) ||
      window.length !== timesteps ||
      !rows.copy(window, values, w * timesteps * features)
    ) {
      throw explainWindows(windows, shape, order);
    }
  }
  return values;
}

/** As `flattenWindows`, [N][F] into [N, F]. */
export function flattenSeries(
  rows: readonly unknown[],
  shape: WindowShape,
  order?: Int32Array,
): Float64Array {
  const values = new Float64Array(rows.length * shape.features);
  if (!new RowReader(shape, order).copy(rows, values, 0)) throw explainSeries(rows, shape, order);
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

/** Copies rows to a flat array. */
class RowReader {
  readonly #features: number;
  readonly #order: Int32Array;
  readonly #places: ReadonlyMap<string, number>;

  constructor(shape: WindowShape, order?: Int32Array) {
    this.#features = shape.features;
    this.#order = order ?? Int32Array.from({ length: shape.features }, (_, i) => i);
    this.#places = featurePlaces(shape);
  }

  /**
   * Copies rows to `values`, from `at` on.
   *
   * @returns false where a row or a reading is wrong.
   */
  copy(rows: readonly unknown[], values: Float64Array, at: number): boolean {
    let first = at;
    let sum = 0;
    for (const row of rows) {
      sum += Array.isArray(row) ? this.#array(row, values, first) : this.#object(row, values, first);
      first += this.#features;
    }
    // NaN where something was wrong.
    return sum === 0;
  }

  /** @returns 0, or NaN where something is wrong. */
  #array(row: readonly unknown[], values: Float64Array, first: number): number {
    if (row.length !== this.#features) return Number.NaN;
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += put(values, first + this.#order[i]!, row[i]);
    return sum;
  }

  #object(row: unknown, values: Float64Array, first: number): number {
    if (typeof row !== "object" || row === null) return Number.NaN;
    values.fill(Number.NaN, first, first + this.#features);
    let sum = 0;
    for (const [name, value] of Object.entries(row)) {
      const feature = this.#places.get(name);
      sum += feature === undefined ? Number.NaN : put(values, first + feature, value);
    }
    return sum;
  }
}

/** Puts a reading in its place. @returns 0, or NaN where it is neither a finite number nor null. */
function put(values: Float64Array, at: number, value: unknown): number {
  if (typeof value === "number") {
    values[at] = value;
    // 0 for every finite number. JSON's only other number is infinite, such as 1e999, for which it is NaN.
    return value * 0;
  }
  values[at] = Number.NaN;
  return value === null ? 0 : Number.NaN;
}

/**
 * Collects faults. Of those found, wrong types are reported before wrong shapes, and these before non-finite
 * numbers.
 */
class Faults {
  readonly #featureShape: WindowShape;
  readonly #order: Int32Array | undefined;
  readonly #types: Violation[] = [];
  readonly #shapes: Violation[] = [];
  readonly #infinite: Violation[] = [];
  #shape: string | undefined;

  /** @param order of the readings in rows that are arrays; undefined for the model's. */
  constructor(shape: WindowShape, order: Int32Array | undefined) {
    this.#featureShape = shape;
    this.#order = order;
  }

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

  /** Checks row `t` of a series or window. @param where the beginning of a sentence that says which row it is. */
  row(row: unknown, path: string, t: number, where: string): void {
    const { features } = this.#featureShape;
    if (!Array.isArray(row)) {
      if (typeof row === "object" && row !== null) this.#object(row, path, t);
      else this.type(path, `must be an array of ${features} numbers, or an object, not ${describe(row)}`);
      return;
    }
    for (const [place, value] of row.entries()) {
      if (isReading(value)) continue;
      this.#reading(value, `${path}/${place}`, `row ${t}, feature ${place}${this.#nameAt(place)}`);
    }
    if (row.length === features) return;
    this.shape(
      path,
      `has ${row.length} features; the model has ${features}`,
      `${where} has ${row.length} features`,
    );
  }

  /** The name of the feature at a place in rows that are arrays, behind a blank; nothing where there is none. */
  #nameAt(place: number): string {
    const name = this.#featureShape.featureNames[this.#order?.[place] ?? place]?.name;
    return name === undefined ? "" : ` ${JSON.stringify(name)}`;
  }

  #object(row: object, path: string, t: number): void {
    const shape = this.#featureShape;
    const places = featurePlaces(shape);
    for (const [name, value] of Object.entries(row)) {
      const own = `${path}/${escapePointer(name)}`;
      if (places.has(name)) this.#reading(value, own, `row ${t}, feature ${JSON.stringify(name)}`);
      else this.type(own, `is no feature of ${shape.model}, which has ${featureList(shape)}`);
    }
  }

  #reading(value: unknown, path: string, which: string): void {
    if (isReading(value)) return;
    if (typeof value === "number") add(this.#infinite, path, `${NOT_FINITE} (${which})`);
    else this.type(path, `must be a number or null, not ${describe(value)} (${which})`);
  }

  error(): ResiduaError {
    if (this.#types.length > 0) return invalid(this.#types);
    if (this.#shapes.length === 0) return nonFinite(this.#infinite);
    return wrongShape(this.#featureShape, this.#shape!, this.#shapes);
  }
}

function isReading(value: unknown): boolean {
  return value === null || (typeof value === "number" && Number.isFinite(value));
}

function add(violations: Violation[], path: string, message: string): void {
  if (violations.length < MAX_VIOLATIONS) violations.push({ path, message });
}

function explainWindows(
  windows: readonly unknown[],
  shape: WindowShape,
  order: Int32Array | undefined,
): ResiduaError {
  const { timesteps, features } = shape;
  const faults = new Faults(shape, order);
  for (const [w, window] of windows.entries()) {
    if (faults.areEnough) break;
    const path = `/windows/${w}`;
    if (!Array.isArray(window)) {
      faults.type(path, `must be an array of ${timesteps} rows, not ${describe(window)}`);
      continue;
    }
    for (const [t, row] of window.entries()) {
      faults.row(row, `${path}/${t}`, t, `Window ${w}, timestep ${t},`);
    }
    if (window.length === timesteps) continue;
    const width = Array.isArray(window[0]) ? window[0].length : features;
    const message = `has ${window.length} timesteps; the model has ${timesteps}`;
    faults.shape(path, message, `Window ${w} has shape [${window.length}, ${width}]`);
  }
  return faults.error();
}

function explainSeries(
  rows: readonly unknown[],
  shape: WindowShape,
  order: Int32Array | undefined,
): ResiduaError {
  const faults = new Faults(shape, order);
  for (const [t, row] of rows.entries()) {
    if (faults.areEnough) break;
    faults.row(row, `/series/${t}`, t, `Row ${t} of the series`);
  }
  return faults.error();
}
