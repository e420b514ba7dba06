/** Residuals of one window at a time, summed as errors by timestep and by feature, in float64. */
import type { ScoredHead } from "./window-scoring.js";

/** Where errors and scaled readings saturate: the largest float32. */
export const FLOAT32_MAX = 3.4028234663852886e38;

/**
 * The sums of a window's errors while its heads are added. Made once for any number of windows; its two loops
 * are the ones that see every reading, so they hold no closure and no allocation.
 */
export class ResidualSums {
  readonly #squared: boolean;
  readonly #features: number;
  /** [T] */
  readonly timestep: Float64Array;
  readonly timestepReadings: Int32Array;
  /** [F] */
  readonly feature: Float64Array;
  readonly featureReadings: Int32Array;
  /** 0 as long as every output was finite, those for a missing reading too. */
  probe = 0;

  constructor(timesteps: number, features: number, squared: boolean) {
    this.#squared = squared;
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
   * Adds a head whose readings are all there.
   *
   * @param window the scaled readings, the window's first at `windowAt`.
   * @param output what the head gave, the window's first number at `outputAt`.
   * @param headError receives the mean of each row, in time order, from `headErrorAt` on.
   */
  addHead(
    head: ScoredHead,
    window: Float32Array,
    windowAt: number,
    output: Float32Array,
    outputAt: number,
    headError: Float64Array,
    headErrorAt: number,
  ): void {
    // Told that they are integers and booleans, the compiler checks it here and not for every reading.
    const features = this.#features | 0;
    const squared = this.#squared === true;
    const { feature, timestep, timestepReadings } = this;
    const start = head.start | 0;
    const steps = head.steps | 0;
    const reversed = head.reversed === true;
    let o = outputAt | 0;
    let total = 0;
    for (let row = 0; row < steps; row++) {
      const step = reversed ? steps - 1 - row : row;
      let i = ((windowAt | 0) + (start + step) * features) | 0;
      let sum = 0;
      for (let f = 0; f < features; f++, i++, o++) {
        const residual = window[i]! - output[o]!;
        const error = squared ? residual * residual : Math.abs(residual);
        sum += error;
        feature[f]! += error;
      }
      headError[headErrorAt + step] = boundError(sum / features);
      timestep[start + step]! += sum;
      timestepReadings[start + step]! += features;
      total += sum;
    }
    for (let f = 0; f < features; f++) this.featureReadings[f]! += steps;
    // Sums of float32 residuals cannot leave float64's range: what is not finite came from the network.
    this.probe += total * 0;
  }

  /** As `addHead`, for a window with missing readings: `present` is 0 where one is. */
  addHeadWithGaps(
    head: ScoredHead,
    window: Float32Array,
    present: Uint8Array,
    windowAt: number,
    output: Float32Array,
    outputAt: number,
    headError: Float64Array,
    headErrorAt: number,
  ): void {
    const features = this.#features;
    const { start, steps, reversed } = head;
    let o = outputAt;
    let probe = 0;
    for (let row = 0; row < steps; row++) {
      const step = reversed ? steps - 1 - row : row;
      let i = windowAt + (start + step) * features;
      let sum = 0;
      let readings = 0;
      for (let f = 0; f < features; f++, i++, o++) {
        const residual = window[i]! - output[o]!;
        probe += residual * 0;
        if (present[i] === 0) continue;
        const error = this.#squared ? residual * residual : Math.abs(residual);
        sum += error;
        readings++;
        this.feature[f]! += error;
        this.featureReadings[f]!++;
      }
      headError[headErrorAt + step] = boundError(sum / readings);
      this.timestep[start + step]! += sum;
      this.timestepReadings[start + step]! += readings;
    }
    this.probe += probe;
  }
}

/** A mean error as it is reported: at most FLOAT32_MAX, NaN where it is not finite or there is none. */
export function boundError(error: number): number {
  if (error <= FLOAT32_MAX) return error;
  return error < Number.POSITIVE_INFINITY ? FLOAT32_MAX : Number.NaN;
}
