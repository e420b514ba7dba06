/**
 * A window's way into the network, and from the network's answer to errors and a score.
 *
 *   readings [n, T, F] -> prepareWindows -> scaled float32, mask -> (engine) -> scoreWindows -> errors, score
 *
 * Everything here runs for each request on the main thread: plain loops over typed arrays.
 */
import { type Arrays, OWN_ARRAYS } from "./arrays.js";
import { boundError, FLOAT32_MAX, ResidualSums } from "./residuals.js";
import { fillMissing, type Scaler, scalerNumbers, scaleWindow } from "./scaler.js";

/** How a residual becomes an error. */
export const SCORERS = ["squared", "absolute"] as const;
export type Scorer = (typeof SCORERS)[number];

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
 * Scales windows: `Math.fround(clip((x - offset) / scale))`. A missing reading becomes the last reading of
 * its feature in the window, or the training mean before the first.
 *
 * @param readings [count, T, F], or a series [rows, F], in the caller's units, NaN = missing, everything else finite.
 * @param arrays where those of the result come from.
 * @param starts [count]: the row of the series that each window begins with.
 */
export function prepareWindows(
  model: ScoringModel,
  readings: Float64Array,
  count: number,
  arrays: Arrays = OWN_ARRAYS,
  starts?: ArrayLike<number>,
): PreparedWindows {
  const { timesteps, features, scaler } = model;
  const size = timesteps * features;
  const { offset, scale } = scalerNumbers(scaler);
  const most = Math.min(model.clip ?? FLOAT32_MAX, FLOAT32_MAX);
  const scaled = arrays.float32(count * size);
  const coverage = arrays.float64(count).fill(1);
  let present: Uint8Array | undefined;
  for (let window = 0; window < count; window++) {
    const first = window * size;
    const readingsAt = starts === undefined ? first : starts[window]! * features;
    const missing = scaleWindow(readings, readingsAt, scaled, first, timesteps, offset, scale, most);
    if (missing === 0) continue;
    present ??= arrays.uint8(count * size).fill(1);
    fillMissing(scaler, scaled, present, first, timesteps, most);
    coverage[window] = (size - missing) / size;
  }
  return { count, scaled, present, coverage };
}

/**
 * Residuals between windows and what the network made of them, as errors and scores.
 *
 * A timestep's error is the mean over the readings that are there, over features and over the heads that
 * answer for it; a feature's error the mean over its readings, over timesteps and heads; the score the mean
 * of the timestep errors. Accumulated in float64.
 *
 * @param outputs the network's answers to the windows `from` up to `from + count` of `prepared`.
 * @param arrays where those of the result come from.
 */
export function scoreWindows(
  model: ScoringModel,
  scorer: Scorer,
  prepared: PreparedWindows,
  outputs: NetworkOutputs,
  from = 0,
  count = prepared.count - from,
  arrays: Arrays = OWN_ARRAYS,
): WindowScores {
  const { timesteps, features, heads } = model;
  const size = timesteps * features;
  const { scaled, present } = prepared;
  const score = arrays.float64(count);
  const timestepError = arrays.float64(count * timesteps);
  const featureError = arrays.float64(count * features);
  const headErrors = heads.map((head) => arrays.float64(count * head.steps));
  const saturated = arrays.uint8(count);
  const sums = residualSums(model, scorer);
  const units = count === 0 ? 0 : outputs.embedding.length / count;

  for (let window = 0; window < count; window++) {
    const at = (from + window) * size;
    sums.clear();
    for (let h = 0; h < heads.length; h++) {
      const head = heads[h]!;
      const output = outputs.heads[h]!;
      const row = window * head.steps;
      if (present === undefined) {
        sums.addHead(head, scaled, at, output, row * features, headErrors[h]!, row);
      } else {
        sums.addHeadWithGaps(head, scaled, present, at, output, row * features, headErrors[h]!, row);
      }
    }
    let probe = sums.probe;
    for (let unit = window * units; unit < (window + 1) * units; unit++) {
      probe += outputs.embedding[unit]! * 0;
    }
    let total = 0;
    let scored = 0;
    for (let step = 0; step < timesteps; step++) {
      const error = boundError(sums.timestep[step]! / sums.timestepReadings[step]!);
      timestepError[window * timesteps + step] = error;
      if (Number.isNaN(error)) continue;
      total += error;
      scored++;
    }
    for (let feature = 0; feature < features; feature++) {
      const error = sums.feature[feature]! / sums.featureReadings[feature]!;
      featureError[window * features + feature] = boundError(error);
    }
    saturated[window] = probe === 0 ? 0 : 1;
    score[window] = probe === 0 ? total / scored : FLOAT32_MAX;
  }
  const coverage = prepared.coverage.subarray(from, from + count);
  return { count, score, timestepError, featureError, headErrors, saturated, coverage };
}

const sumsOfModels = new WeakMap<ScoringModel, Record<Scorer, ResidualSums>>();

/** The same ones for every call: nothing is left in them between two. */
function residualSums(model: ScoringModel, scorer: Scorer): ResidualSums {
  let sums = sumsOfModels.get(model);
  if (sums === undefined) {
    const { timesteps, features } = model;
    sums = {
      squared: new ResidualSums(timesteps, features, true),
      absolute: new ResidualSums(timesteps, features, false),
    };
    sumsOfModels.set(model, sums);
  }
  return sums[scorer];
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
  const { offset, scale } = scalerNumbers(scaler);
  const values = new Float64Array(count * steps * features);
  for (let row = 0; row < count * steps; row++) {
    const step = row % steps;
    const o = row * features;
    const i = reversed ? (row - step + steps - 1 - step) * features : o;
    for (let feature = 0; feature < features; feature++) {
      const x = output[o + feature]! * scale[feature]! + offset[feature]!;
      values[i + feature] = x - x === 0 ? x : largest(output[o + feature]!, x);
    }
  }
  return values;
}

/**
 * NaN for what the network overflowed to; a finite answer stays finite even where its unit takes it past a
 * double.
 */
function largest(scaled: number, x: number): number {
  if (!Number.isFinite(scaled)) return Number.NaN;
  return x > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
