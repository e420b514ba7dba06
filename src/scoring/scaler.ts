/**
 * From the caller's units to the network's and back: scaled = (x - offset) / scale, one pair a feature, in
 * float64.
 */
import { InputError } from "../errors.js";

export const SCALER_KINDS = ["standard", "minmax", "none"] as const;
export type ScalerKind = (typeof SCALER_KINDS)[number];

export interface Scaler {
  readonly kind: ScalerKind;
  readonly offset: readonly number[];
  /** Positive and finite; 1 for a constant column. */
  readonly scale: readonly number[];
  /**
   * The training mean, in the caller's units: what stands in for a reading that is missing before the first
   * one. Absent where it is the offset (`standard`).
   */
  readonly mean?: readonly number[];
}

/**
 * Fits a scaler on rows of training data.
 *
 * `standard`: offset the mean, scale the population standard deviation. `minmax`: offset the least reading,
 * scale the range. `none`: offset 0, scale 1. Mean and deviation are taken in two passes of (x - least) / range,
 * so that a signal of 1e9 plus or minus 5 keeps its 5, and no square under- or overflows.
 *
 * @param rows [N, F] in the caller's units; NaN = missing.
 * @throws InputError where a feature has no reading at all, or spans more than a double can hold.
 */
export function fitScaler(kind: ScalerKind, rows: Float64Array, features: number): Scaler {
  const offset: number[] = [];
  const scale: number[] = [];
  const mean: number[] = [];
  for (let feature = 0; feature < features; feature++) {
    const column = describeColumn(rows, feature, features);
    mean.push(column.mean);
    if (kind === "none") {
      offset.push(0);
      scale.push(1);
    } else {
      offset.push(kind === "standard" ? column.mean : column.least);
      const spread = kind === "standard" ? column.deviation : column.most - column.least;
      scale.push(column.least === column.most ? 1 : spread);
    }
  }
  return kind === "standard" ? { kind, offset, scale } : { kind, offset, scale, mean };
}

interface Column {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  /** Population standard deviation. */
  readonly deviation: number;
}

function describeColumn(rows: Float64Array, feature: number, features: number): Column {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let readings = 0;
  for (let i = feature; i < rows.length; i += features) {
    const x = rows[i]!;
    if (Number.isNaN(x)) continue;
    if (x < least) least = x;
    if (x > most) most = x;
    readings++;
  }
  if (readings === 0) {
    throw new InputError(
      `Feature ${feature} has no reading in the rows the scaler is fitted on; leave it out, or fit on rows that have it.`,
    );
  }
  if (!Number.isFinite(most - least)) {
    throw new InputError(
      `Feature ${feature} goes from ${least} to ${most}, which is more than a double can span; leave it out or divide it first.`,
    );
  }
  const range = most - least;
  if (range === 0) return { least, most, mean: least, deviation: 0 };

  let sum = 0;
  for (let i = feature; i < rows.length; i += features) {
    const x = rows[i]!;
    if (!Number.isNaN(x)) sum += (x - least) / range;
  }
  const share = sum / readings;
  let squares = 0;
  for (let i = feature; i < rows.length; i += features) {
    const x = rows[i]!;
    if (Number.isNaN(x)) continue;
    const d = (x - least) / range - share;
    squares += d * d;
  }
  // A deviation too small for a double (5e-324 among a million zeros) is still one: a scale is never 0.
  const deviation = Math.max(Math.sqrt(squares / readings) * range, Number.MIN_VALUE);
  return { least, most, mean: least + share * range, deviation };
}

const numbersOfScalers = new WeakMap<Scaler, { offset: Float64Array; scale: Float64Array }>();

/** Offset and scale as loops read them fastest, made once a scaler. */
export function scalerNumbers(scaler: Scaler): {
  readonly offset: Float64Array;
  readonly scale: Float64Array;
} {
  let numbers = numbersOfScalers.get(scaler);
  if (numbers === undefined) {
    numbers = { offset: Float64Array.from(scaler.offset), scale: Float64Array.from(scaler.scale) };
    numbersOfScalers.set(scaler, numbers);
  }
  return numbers;
}

/**
 * Scales and clips one window feature by feature, NaN staying NaN; says how many readings are missing.
 *
 * @param readings the window's first at `readingsAt`.
 * @param scaled receives the window from `first` on.
 */
export function scaleWindow(
  readings: Float64Array,
  readingsAt: number,
  scaled: Float32Array,
  first: number,
  timesteps: number,
  offsets: Float64Array,
  scales: Float64Array,
  most: number,
): number {
  const features = offsets.length;
  const end = first + timesteps * features;
  let missing = 0;
  for (let feature = 0; feature < features; feature++) {
    const offset = offsets[feature]!;
    const scale = scales[feature]!;
    for (let i = first + feature, r = readingsAt + feature; i < end; i += features, r += features) {
      const x = (readings[r]! - offset) / scale;
      if (x >= -most && x <= most) {
        scaled[i] = x;
      } else if (x > most) {
        scaled[i] = most;
      } else if (x < -most) {
        scaled[i] = -most;
      } else {
        scaled[i] = Number.NaN;
        missing++;
      }
    }
  }
  return missing;
}

/** Fills the gaps (NaN) of one window, and notes them in `present`. */
export function fillMissing(
  scaler: Scaler,
  scaled: Float32Array,
  present: Uint8Array,
  first: number,
  timesteps: number,
  most: number,
): void {
  const features = scaler.offset.length;
  const mean = scaler.mean ?? scaler.offset;
  const end = first + timesteps * features;
  for (let i = first; i < end; i++) {
    if (!Number.isNaN(scaled[i]!)) continue;
    present[i] = 0;
    const feature = i - first;
    if (feature >= features) {
      scaled[i] = scaled[i - features]!;
    } else {
      const x = (mean[feature]! - scaler.offset[feature]!) / scaler.scale[feature]!;
      scaled[i] = Math.min(Math.max(x, -most), most);
    }
  }
}
