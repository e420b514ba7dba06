/**
 * A window's way into the network, and from the network's answer to errors and a score.
 *
 *   readings [n, T, F] -> prepareWindows -> scaled float32, mask -> (engine) -> scoreWindows -> errors, score
 *
 * Everything here runs for each request on the main thread: plain loops over typed arrays.
 */
import type { Scaler } from "./scaler.js";

/** How a residual becomes an error. */
export const SCORERS = ["squared", "absolute"] as const;
export type Scorer = (typeof SCORERS)[number];

/** Where errors and scaled readings saturate: the largest float32. */
export const FLOAT32_MAX = 3.4028234663852886e38;

/** The part of the window a head answers for. */
export interface ScoredHead {
  readonly name: string;
  readonly start: number;
  readonly steps: number;
  /** Whether the network gives the last row first. */
  readonly reversed: boolean;
}

/** What scoring has to know of a published model; a manifest has it all. */
export interface ScoringModel {
  /** T: rows of a request's window. */
  readonly timesteps: number;
  /** F */
  readonly features: number;
  readonly heads: readonly ScoredHead[];
  readonly scaler: Scaler;
  /** Scaled readings are clipped to [-clip, clip]; null for none (then float32 is the limit). */
  readonly clip: number | null;
  /** Least share of readings present for a verdict. */
  readonly minCoverage: number;
}

export interface PreparedWindows {
  readonly count: number;
  /** [n, T, F], scaled, clipped, missing readings filled in: every number finite. */
  readonly scaled: Float32Array;
  /** [n, T, F], 0 where the reading is missing; undefined where none is. */
  readonly present: Uint8Array | undefined;
  /** [n]: the share of readings present. */
  readonly coverage: Float64Array;
}

/** Errors and scores, in scaled units, none above FLOAT32_MAX. NaN: there is none. */
export interface WindowScores {
  readonly count: number;
  /** [n]: the mean of the window's timestep errors; NaN where it has no reading that a head answers for. */
  readonly score: Float64Array;
  /** [n, T] */
  readonly timestepError: Float64Array;
  /** [n, F] */
  readonly featureError: Float64Array;
  /** By head: [n, head.steps], in time order. */
  readonly headErrors: readonly Float64Array[];
  /** [n]: 1 where the network gave a number that is not finite; the score is then FLOAT32_MAX. */
  readonly saturated: Uint8Array;
  /** [n] */
  readonly coverage: Float64Array;
}

/** What an engine gives for windows: by head [n, steps, F] in the network's own order, and [n, U]. */
export interface NetworkOutputs {
  readonly heads: readonly Float32Array[];
  readonly embedding: Float32Array;
}

/**
 * Scales windows: `Math.fround(clip((x - offset) / scale))`. A missing reading becomes the last reading of its
 * feature in the window, or the training mean before the first.
 *
 * @param readings [count, T, F] in the caller's units, NaN = missing, everything else finite.
 */
export function prepareWindows(model: ScoringModel, readings: Float64Array, count: number): PreparedWindows {
  const { timesteps, features, scaler } = model;
  const size = timesteps * features;
  const offset = new Float64Array(scaler.offset);
  const scale = new Float64Array(scaler.scale);
  const most = Math.min(model.clip ?? FLOAT32_MAX, FLOAT32_MAX);
  const scaled = new Float32Array(count * size);
  const coverage = new Float64Array(count).fill(1);
  let present: Uint8Array | undefined;
  for (let window = 0, i = 0; window < count; window++) {
    const first = i;
    let missing = 0;
    for (let step = 0; step < timesteps; step++) {
      for (let feature = 0; feature < features; feature++, i++) {
        let x = (readings[i]! - offset[feature]!) / scale[feature]!;
        if (x > most) x = most;
        else if (x < -most) x = -most;
        scaled[i] = x;
        if (Number.isNaN(x)) missing++;
      }
    }
    if (missing === 0) continue;
    present ??= new Uint8Array(count * size).fill(1);
    fillMissing(model, scaled, present, first, most);
    coverage[window] = (size - missing) / size;
  }
  return { count, scaled, present, coverage };
}

/** Fills the gaps (NaN) of one window, and notes them in `present`. */
function fillMissing(
  model: ScoringModel,
  scaled: Float32Array,
  present: Uint8Array,
  first: number,
  most: number,
): void {
  const { features, scaler } = model;
  const mean = scaler.mean ?? scaler.offset;
  const end = first + model.timesteps * features;
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

/**
 * Residuals between windows and what the network made of them, as errors and scores.
 *
 * A timestep's error is the mean over the readings that are there, over features and over the heads that answer for
 * it; a feature's error the mean over its readings, over timesteps and heads; the score the mean of the timestep
 * errors. Accumulated in float64.
 *
 * @param outputs the network's answers to the windows `from` up to `from + count` of `prepared`.
 */
export function scoreWindows(
  model: ScoringModel,
  scorer: Scorer,
  prepared: PreparedWindows,
  outputs: NetworkOutputs,
  from = 0,
  count = prepared.count - from,
): WindowScores {
  const { timesteps, features, heads } = model;
  const size = timesteps * features;
  const squared = scorer === "squared";
  const { scaled, present } = prepared;
  const score = new Float64Array(count);
  const timestepError = new Float64Array(count * timesteps);
  const featureError = new Float64Array(count * features);
  const headErrors = heads.map((head) => new Float64Array(count * head.steps));
  const saturated = new Uint8Array(count);
  const stepReadings = new Int32Array(timesteps);
  const featureReadings = new Int32Array(features);
  const units = outputs.embedding.length / Math.max(count, 1);

  for (let window = 0; window < count; window++) {
    const step0 = window * timesteps;
    const feature0 = window * features;
    stepReadings.fill(0);
    featureReadings.fill(0);
    let sound = 0;
    for (let h = 0; h < heads.length; h++) {
      const { start, steps, reversed } = heads[h]!;
      const output = outputs.heads[h]!;
      const headError = headErrors[h]!;
      let o = window * steps * features;
      for (let row = 0; row < steps; row++) {
        const step = reversed ? start + steps - 1 - row : start + row;
        let i = (from + window) * size + step * features;
        let sum = 0;
        let readings = features;
        if (present === undefined) {
          for (let feature = 0; feature < features; feature++, i++, o++) {
            const residual = scaled[i]! - output[o]!;
            const error = squared ? residual * residual : Math.abs(residual);
            sum += error;
            featureError[feature0 + feature]! += error;
            featureReadings[feature]!++;
          }
        } else {
          readings = 0;
          for (let feature = 0; feature < features; feature++, i++, o++) {
            const residual = scaled[i]! - output[o]!;
            sound += residual * 0;
            if (present[i] === 0) continue;
            const error = squared ? residual * residual : Math.abs(residual);
            sum += error;
            readings++;
            featureError[feature0 + feature]! += error;
            featureReadings[feature]!++;
          }
        }
        headError[window * steps + step - start] = bounded(sum / readings);
        timestepError[step0 + step]! += sum;
        stepReadings[step]! += readings;
      }
    }
    let total = 0;
    let scored = 0;
    for (let step = 0; step < timesteps; step++) {
      sound += timestepError[step0 + step]! * 0;
      const error = bounded(timestepError[step0 + step]! / stepReadings[step]!);
      timestepError[step0 + step] = error;
      if (!Number.isNaN(error)) {
        total += error;
        scored++;
      }
    }
    for (let feature = 0; feature < features; feature++) {
      featureError[feature0 + feature] = bounded(
        featureError[feature0 + feature]! / featureReadings[feature]!,
      );
    }
    for (let unit = window * units; unit < (window + 1) * units; unit++)
      sound += outputs.embedding[unit]! * 0;
    score[window] = total / scored;
    if (sound !== 0) {
      saturated[window] = 1;
      score[window] = FLOAT32_MAX;
    }
  }
  const coverage = prepared.coverage.subarray(from, from + count);
  return { count, score, timestepError, featureError, headErrors, saturated, coverage };
}

/** A mean error as it is reported: at most FLOAT32_MAX, NaN where it is not finite. */
function bounded(error: number): number {
  if (error <= FLOAT32_MAX) return error;
  return error < Number.POSITIVE_INFINITY ? FLOAT32_MAX : Number.NaN;
}

/**
 * What a head says, in the caller's units and in time order: scaled * scale + offset in float64.
 *
 * @returns [count, steps, F]; NaN where the network gave a number that is not finite.
 */
export function unscaleHead(
  model: ScoringModel,
  headIndex: number,
  outputs: NetworkOutputs,
  count = outputs.heads[headIndex]!.length / (model.heads[headIndex]!.steps * model.features),
): Float64Array {
  const { features, scaler } = model;
  const { steps, reversed } = model.heads[headIndex]!;
  const output = outputs.heads[headIndex]!;
  const offset = new Float64Array(scaler.offset);
  const scale = new Float64Array(scaler.scale);
  const values = new Float64Array(count * steps * features);
  for (let row = 0, o = 0; row < count * steps; row++) {
    const step = row % steps;
    let i = (reversed ? row - step + steps - 1 - step : row) * features;
    for (let feature = 0; feature < features; feature++, i++, o++) {
      const y = output[o]!;
      const x = y * scale[feature]! + offset[feature]!;
      // A finite answer stays finite even where the caller's unit makes it larger than a double.
      if (y - y !== 0) values[i] = Number.NaN;
      else values[i] = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));
    }
  }
  return values;
}
