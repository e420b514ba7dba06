/** From the residuals of one window to its errors by timestep, by feature and by head, summed in float64. */
import type { Loss } from "./losses.js";

/** The largest float32: no error and no scaled reading is larger. */
export const FLOAT32_MAX = 3.4028234663852886e38;

/** How a residual r becomes an error: r * r or |r|. */
export type ErrorKind = "squared" | "absolute";

/** The error that a loss is the mean of. */
export function errorOfLoss(loss: Loss): ErrorKind {
  return loss === "mae" ? "absolute" : "squared";
}

/** The error of one residual. */
export function errorOf(residual: number, kind: ErrorKind): number {
  return kind === "squared" ? residual * residual : Math.abs(residual);
}

/**
 * The head that gives a linear path's output. It is a step on the way to the reconstruction, so its errors count
 * neither in a timestep's error nor in a feature's; they stand in `headErrors`.
 */
export const LINEAR_HEAD = "linear";

/** The heads whose errors answers show by timestep and feature: the first of them that a model has. */
export const MAIN_HEADS = ["reconstruction", "prediction"] as const;

/** The rows of a window that a head of the network gives values for. */
export interface ScoredHead {
  readonly name: string;
  /** The first of these rows. */
  readonly start: number;
  readonly steps: number;
  /** Whether the network gives the last row first. */
  readonly reversed: boolean;
}

/**
 * Adds up the errors of one window, head by head. Made once and used for any number of windows: call `clear` before
 * each. The loops of `addHead` and `addHeadWithGaps` see every reading of every window, so they call no function and
 * allocate nothing.
 */
export class ResidualSums {
  readonly #squared: boolean;
  readonly #features: number;
  /** [T]: the sum of the errors of each timestep, and how many readings it is of. */
  readonly timestep: Float64Array;
  readonly timestepReadings: Int32Array;
  /** [F]: the sum of the errors of each feature, and how many readings it is of. */
  readonly feature: Float64Array;
  readonly featureReadings: Int32Array;
  /** 0 as long as every output of the network was finite (those for missing readings too), otherwise NaN. */
  probe = 0;

  constructor(timesteps: number, features: number, error: ErrorKind) {
    this.#squared = error === "squared";
    this.#features = features;
    this.timestep = new Float64Array(timesteps);
    this.timestepReadings = new Int32Array(timesteps);
    this.feature = new Float64Array(features);
    this.featureReadings = new Int32Array(features);
  }

  clear(): void {
    this.timestep.fill(0);
    this.timestepReadings.fill(0);
    this.feature.fill(0);
    this.featureReadings.fill(0);
    this.probe = 0;
  }

  /**
   * Adds the errors of one head, for a window without missing readings.
   *
   * @param scaled scaled readings; those of the window begin at `windowAt`.
   * @param output what the head gave; the rows for this window begin at row `firstRow`.
   * @param headError receives the mean error of each row, in time order, from `firstRow` on.
   */
  addHead(
    head: ScoredHead,
    scaled: Float32Array,
    windowAt: number,
    output: Float32Array,
    headError: Float64Array,
    firstRow: number,
  ): void {
    // "| 0" and "=== true" let the compiler check the types here, once, instead of at every reading.
    const features = this.#features | 0;
    const squared = this.#squared === true;
    const { feature, timestep, timestepReadings } = this;
    const start = head.start | 0;
    const steps = head.steps | 0;
    const reversed = head.reversed === true;
    let o = ((firstRow | 0) * features) | 0;
    let total = 0;
    for (let row = 0; row < steps; row++) {
      const step = reversed ? steps - 1 - row : row;
      let i = ((windowAt | 0) + (start + step) * features) | 0;
      let sum = 0;
      for (let f = 0; f < features; f++, i++, o++) {
        const residual = scaled[i]! - output[o]!;
        const error = squared ? residual * residual : Math.abs(residual);
        sum += error;
        feature[f]! += error;
      }
      headError[firstRow + step] = boundError(sum / features);
      timestep[start + step]! += sum;
      timestepReadings[start + step]! += features;
      total += sum;
    }
    for (let f = 0; f < features; f++) this.featureReadings[f]! += steps;
    // Sums of errors of float32 residuals stay in float64's range: if one is not finite, an output was not.
    this.probe += total * 0;
  }

  /**
   * As `addHead`, for a window with missing readings, which count nowhere.
   *
   * @param gaps.present one number for each reading of `gaps.scaled`: 0 where it is missing.
   */
  addHeadWithGaps(
    head: ScoredHead,
    gaps: { readonly scaled: Float32Array; readonly present: Uint8Array },
    windowAt: number,
    output: Float32Array,
    headError: Float64Array,
    firstRow: number,
  ): void {
    const features = this.#features;
    const { scaled, present } = gaps;
    const { start, steps, reversed } = head;
    let o = firstRow * features;
    let probe = 0;
    for (let row = 0; row < steps; row++) {
      const step = reversed ? steps - 1 - row : row;
      let i = windowAt + (start + step) * features;
      let sum = 0;
      let readings = 0;
      for (let f = 0; f < features; f++, i++, o++) {
        const residual = scaled[i]! - output[o]!;
        probe += residual * 0;
        if (present[i] === 0) continue;
        const error = this.#squared ? residual * residual : Math.abs(residual);
        sum += error;
        readings++;
        this.feature[f]! += error;
        this.featureReadings[f]!++;
      }
      headError[firstRow + step] = boundError(sum / readings);
      this.timestep[start + step]! += sum;
      this.timestepReadings[start + step]! += readings;
    }
    this.probe += probe;
  }
}

/** A mean error as it is reported: at most FLOAT32_MAX; NaN where it is not finite or is a mean of no readings. */
export function boundError(error: number): number {
  if (error <= FLOAT32_MAX) return error;
  return error < Number.POSITIVE_INFINITY ? FLOAT32_MAX : Number.NaN;
}

/** The mean of the errors of a window's rows that are not NaN; NaN where all are. @param errors [n, rows] */
export function meanError(errors: Float64Array, window: number, rows: number): number {
  let total = 0;
  let scored = 0;
  for (let i = window * rows; i < (window + 1) * rows; i++) {
    if (Number.isNaN(errors[i]!)) continue;
    total += errors[i]!;
    scored++;
  }
  return total / scored;
}
