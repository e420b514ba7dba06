/**
 * Makes the network's input from readings, and errors and scores from the network's outputs.
 *
 *   readings [n, T, F] -> prepareWindows -> scaled float32, mask -> (engine) -> scoreWindows -> errors, score
 *
 * All of it runs for every request on the main thread, so it is plain loops over typed arrays.
 */
import { type Arrays, OWN_ARRAYS } from "./arrays.js";
import { boundError, FLOAT32_MAX } from "./residuals.js";
import type { ScorerName } from "./scorers/scorers.js";
import type { ScoringModel } from "./scoring-model.js";

export type { ScoringModel } from "./scoring-model.js";

/** n windows as the network reads them. */
export interface PreparedWindows {
  /** n */
  readonly count: number;
  /** [n, T, F], scaled, clipped, missing readings filled in: every number finite. */
  readonly scaled: Float32Array;
  /** [n, T, F], 0 where the reading is missing; undefined where none is. */
  readonly present: Uint8Array | undefined;
  /** [n]: the share of readings present. */
  readonly coverage: Float64Array;
}

/** Errors and scores of n windows, in scaled units: at most FLOAT32_MAX, NaN where there is no reading to compare. */
export interface WindowScores {
  /** n */
  readonly count: number;
  /** [n]: the scorer's score; NaN for a window without a reading that a head answers for. */
  readonly score: Float64Array;
  /** [n, T] */
  readonly timestepError: Float64Array;
  /** [n, F] */
  readonly featureError: Float64Array;
  /** By head: [n, head.steps], in time order. */
  readonly headErrors: readonly Float64Array[];
  /** [n]: 1 where the network gave a number that is not finite; the score is then FLOAT32_MAX. */
  readonly saturated: Uint8Array;
  /** [n]: the share of readings present. */
  readonly coverage: Float64Array;
}

/** What an engine gives for n windows: by head [n, steps, F], in the network's own order, and the embedding [n, U]. */
export interface NetworkOutputs {
  readonly heads: readonly Float32Array[];
  readonly embedding: Float32Array;
}

/**
 * Scales windows: `Math.fround(clip((x - offset) / scale))`. A missing reading becomes the last reading of its feature
 * in the window, or the training mean before the first.
 *
 * @param readings [count, T, F], or a series [rows, F], in the caller's units; NaN = missing, everything else finite.
 * @param arrays where the arrays of the result come from.
 * @param starts [count]: for a series, the row that each window begins with.
 */
export function prepareWindows(
  model: ScoringModel,
  readings: Float64Array,
  count: number,
  arrays: Arrays = OWN_ARRAYS,
  starts?: ArrayLike<number>,
): PreparedWindows {
  const { timesteps, features, windowScaler } = model;
  const size = timesteps * features;
  const scaled = arrays.float32(count * size);
  const coverage = arrays.float64(count).fill(1);
  let present: Uint8Array | undefined;
  for (let window = 0; window < count; window++) {
    const first = window * size;
    const readingsAt = starts === undefined ? first : starts[window]! * features;
    const missing = windowScaler.scale(readings, readingsAt, scaled, first);
    if (missing === 0) continue;
    present ??= arrays.uint8(count * size).fill(1);
    windowScaler.fillMissing(scaled, present, first);
    coverage[window] = (size - missing) / size;
  }
  return { count, scaled, present, coverage };
}

/** Which of the prepared windows are scored, and where the arrays of the result come from. */
export interface ScoreWindowsOptions {
  /** The first window; 0 where it is left out. */
  readonly from?: number;
  /** How many windows; all from `from` on where it is left out. */
  readonly count?: number;
  readonly arrays?: Arrays;
}

/**
 * Errors and scores of windows, from the residuals between them and what the network made of them.
 *
 * A timestep's error is the mean over the readings that are there, over features and over the heads that answer for
 * it; a feature's error is the mean over its readings, over timesteps and heads. A linear head counts in neither. The scorer says how residuals become
 * these errors, and how errors or residuals become the score. Accumulated in float64.
 *
 * @param outputs the network's answers to the windows `from` up to `from + count` of `prepared`.
 */
export function scoreWindows(
  model: ScoringModel,
  scorer: ScorerName,
  prepared: PreparedWindows,
  outputs: NetworkOutputs,
  options: ScoreWindowsOptions = {},
): WindowScores {
  const { from = 0, arrays = OWN_ARRAYS } = options;
  const { count = prepared.count - from } = options;
  const { timesteps, features, heads, linearHead, residuals } = model;
  const size = timesteps * features;
  const { scaled, present } = prepared;
  const score = arrays.float64(count);
  const timestepError = arrays.float64(count * timesteps);
  const featureError = arrays.float64(count * features);
  const headErrors = heads.map((head) => arrays.float64(count * head.steps));
  const saturated = arrays.uint8(count);
  const {
    sums,
    linearSums,
    window: windowScorer,
    scorer: { readsResiduals },
  } = model.scorer(scorer);
  const gaps = present === undefined ? undefined : { scaled, present };
  const view = { index: 0, meanError: 0, timestepError, headErrors, residuals: residuals.heads };
  const units = count === 0 ? 0 : outputs.embedding.length / count;

  for (let window = 0; window < count; window++) {
    const at = (from + window) * size;
    sums.clear();
    if (linearHead >= 0) linearSums.clear();
    for (let h = 0; h < heads.length; h++) {
      const head = heads[h]!;
      const output = outputs.heads[h]!;
      const row = window * head.steps;
      const own = h === linearHead ? linearSums : sums;
      if (gaps === undefined) own.addHead(head, scaled, at, output, headErrors[h]!, row);
      else own.addHeadWithGaps(head, gaps, at, output, headErrors[h]!, row);
    }
    let probe = sums.probe + (linearHead >= 0 ? linearSums.probe : 0);
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
    if (probe === 0) {
      view.index = window;
      view.meanError = total / scored;
      if (readsResiduals) residuals.fill(prepared, from + window, outputs.heads, window);
      const own = windowScorer.score(view);
      score[window] = own > FLOAT32_MAX ? FLOAT32_MAX : own;
    } else {
      score[window] = FLOAT32_MAX;
    }
  }
  const coverage = prepared.coverage.subarray(from, from + count);
  return { count, score, timestepError, featureError, headErrors, saturated, coverage };
}

/**
 * The values of a head in the caller's units and in time order: scaled * scale + offset, in float64.
 *
 * @param count how many windows `outputs` are of.
 * @returns [count, steps, F]; NaN where the network gave a number that is not finite.
 */
export function unscaleHead(
  model: ScoringModel,
  headIndex: number,
  outputs: NetworkOutputs,
  count = outputs.heads[headIndex]!.length / (model.heads[headIndex]!.steps * model.features),
): Float64Array {
  const { steps, reversed } = model.heads[headIndex]!;
  return model.windowScaler.unscale(outputs.heads[headIndex]!, count * steps, steps, reversed);
}
