/**
 * From the caller's units to the network's and back: scaled = (x - offset) / scale, in float64, with an offset and a
 * scale for each feature.
 */
import { InputError } from "../errors.js";

/** How a scaler is fitted; `fitScaler` says what each kind does. */
export const SCALER_KINDS = ["standard", "minmax", "none"] as const;
export type ScalerKind = (typeof SCALER_KINDS)[number];

/** scaled = (x - offset) / scale, by feature. */
export interface Scaler {
  readonly kind: ScalerKind;
  /** [F] */
  readonly offset: readonly number[];
  /** [F]: positive and finite; 1 for a constant column. */
  readonly scale: readonly number[];
  /**
   * [F]: the training mean, in the caller's units, which stands in for a reading that is missing before the first one
   * of a window. Absent where it is the offset (`standard`).
   */
  readonly mean?: readonly number[];
}

/**
 * Fits a scaler on rows of training data.
 *
 * `standard`: the offset is the mean, the scale the population standard deviation. `minmax`: the offset is the least
 * reading, the scale the range. `none`: offset 0, scale 1. Mean and deviation are computed in two passes over
 * (x - least) / range, so that a signal of 1e9 plus or minus 5 loses no precision, and no square under- or overflows.
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

/** The largest error, in scaled units, that rounding a reading to float32 may add: that of a golden window's replay. */
const MAX_ROUNDING_ERROR = 1e-4;
/** Rounding to float32 moves a number by at most this share of it. */
const FLOAT32_ROUNDING = 2 ** -24;

/**
 * Whether a client has to send and take readings as float64. Around the offset, float32 moves a reading by up to
 * |offset| * 2^-24, which is |offset| / scale * 2^-24 scaled. Where |offset| / scale is above 1678 for some feature, that
 * is more than 1e-4, and what float32 loses grows into what is scored: of 1e9 plus or minus 5 it keeps steps of 64.
 */
export function needsFloat64({ offset, scale }: Pick<Scaler, "offset" | "scale">): boolean {
  return offset.some(
    (level, feature) => Math.abs(level) * FLOAT32_ROUNDING > MAX_ROUNDING_ERROR * scale[feature]!,
  );
}

/** A scaler with its numbers as loops read them fastest. Made once for a model. */
export class WindowScaler {
  readonly #timesteps: number;
  readonly #offset: Float64Array;
  readonly #scale: Float64Array;
  /** [F]: what stands in for a reading that is missing before the first one, scaled and clipped. */
  readonly #mean: Float64Array;
  /** Scaled readings are clipped to [-most, most]. */
  readonly #most: number;

  /** @param most at most the largest float32, so that every scaled reading is one. */
  constructor(scaler: Scaler, timesteps: number, most: number) {
    this.#timesteps = timesteps;
    this.#offset = Float64Array.from(scaler.offset);
    this.#scale = Float64Array.from(scaler.scale);
    this.#most = most;
    const mean = scaler.mean ?? scaler.offset;
    this.#mean = Float64Array.from(mean, (value, feature) => {
      const x = (value - scaler.offset[feature]!) / scaler.scale[feature]!;
      return Math.min(Math.max(x, -most), most);
    });
  }

  /**
   * Scales and clips one window, feature by feature; a missing reading (NaN) stays NaN.
   *
   * @param readings in the caller's units; those of the window begin at `readingsAt`.
   * @param scaled receives the window, from `first` on.
   * @returns how many readings are missing.
   */
  scale(readings: Float64Array, readingsAt: number, scaled: Float32Array, first: number): number {
    const offsets = this.#offset;
    const scales = this.#scale;
    const most = this.#most;
    const features = offsets.length;
    const end = first + this.#timesteps * features;
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

  /**
   * Puts the last reading of the feature in the window, or the training mean before the first, where one is missing.
   *
   * @param scaled from `scale`, the window from `first` on.
   * @param present receives 0 for each missing reading.
   */
  fillMissing(scaled: Float32Array, present: Uint8Array, first: number): void {
    const features = this.#offset.length;
    const end = first + this.#timesteps * features;
    for (let i = first; i < end; i++) {
      if (!Number.isNaN(scaled[i]!)) continue;
      present[i] = 0;
      scaled[i] = i - first < features ? this.#mean[i - first]! : scaled[i - features]!;
    }
  }

  /**
   * What a head gave, in the caller's units: `scaled * scale + offset`, in float64.
   *
   * @param scaled [rows, F]: `steps` rows for each window, the last one first where `reversed`.
   * @returns [rows, F], in time order; NaN where a scaled number is not finite. A result that leaves float64's range
   *   becomes its largest number, so that a finite number stays one.
   */
  unscale(scaled: Float32Array, rows: number, steps: number, reversed: boolean): Float64Array {
    const offset = this.#offset;
    const scale = this.#scale;
    const features = offset.length;
    const values = new Float64Array(rows * features);
    for (let row = 0; row < rows; row++) {
      const step = row % steps;
      const o = row * features;
      const i = reversed ? (row - step + steps - 1 - step) * features : o;
      for (let feature = 0; feature < features; feature++) {
        const x = scaled[o + feature]! * scale[feature]! + offset[feature]!;
        values[i + feature] = x - x === 0 ? x : largest(scaled[o + feature]!, x);
      }
    }
    return values;
  }
}

function largest(scaled: number, x: number): number {
  if (!Number.isFinite(scaled)) return Number.NaN;
  return x > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
