/** What each reading of a window, or each feature, contributes to the window's score. */
import type { NetworkOutputs, PreparedWindows } from "./network-windows.js";
import { FLOAT32_MAX, meanError } from "./residuals.js";
import type { ScoredWindow } from "./scorers/scorer.js";
import type { ScorerName } from "./scorers/scorers.js";
import type { ScoringModel } from "./scoring-model.js";
import { measureErrors } from "./window-errors.js";
import type { WindowScores } from "./window-scoring.js";

/** Windows that were scored, as `scoreWindows` took them and with what it gave: all three of the same n windows. */
export interface ScoredBatch {
  readonly prepared: PreparedWindows;
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
}

/**
 * Splits the score of one window into what each of its readings contributes. The contributions sum to the score, up to
 * float64's rounding; those of a feature, or of a timestep, are its share.
 *
 * @param scorer the one that `batch.scores` are of.
 * @param window the window's number in the batch.
 * @returns [T, F]: 0 for a missing reading; all 0 for a window that is saturated or has no score.
 */
export function contributionsOf(
  model: ScoringModel,
  scorer: ScorerName,
  batch: ScoredBatch,
  window: number,
): Float64Array {
  const contributions = new Float64Array(model.timesteps * model.features);
  decomposer(model, scorer, batch)(window, contributions);
  return contributions;
}

/**
 * Splits the scores of windows into what each feature contributes.
 *
 * @param scorer the one that `batch.scores` are of.
 * @param isWanted whether the score of the window of that number is to be split; by default all are.
 * @returns [n, F], which for each window sum to the score; 0 for a window that is saturated, has no score or is not
 *   wanted.
 */
export function contributionsByFeature(
  model: ScoringModel,
  scorer: ScorerName,
  batch: ScoredBatch,
  isWanted: (window: number) => boolean = () => true,
): Float64Array {
  const { timesteps, features } = model;
  const { count, score, coverage, featureError } = batch.scores;
  const all = new Float64Array(count * features);
  const own = new Float64Array(timesteps * features);
  const decompose = decomposer(model, scorer, batch);
  // A score that is the mean of the errors of one head: each feature adds its own mean, of the same number of readings.
  const isMeanOfErrors = scorer === model.error && !model.hasSeveralHeads;
  // No error of a window with a smaller score was cut.
  const small = FLOAT32_MAX / own.length;
  for (let window = 0; window < count; window++) {
    if (!isWanted(window)) continue;
    const to = all.subarray(window * features, (window + 1) * features);
    if (!isMeanOfErrors || coverage[window] !== 1 || !(score[window]! < small)) {
      own.fill(0);
      decompose(window, own);
      addByFeature(own, to);
    } else {
      for (let f = 0; f < features; f++) to[f] = featureError[window * features + f]! / features;
    }
  }
  return all;
}

/** Adds the contributions of a window, [T, F], to the sums of its features, [F]. */
function addByFeature(contributions: Float64Array, sums: Float64Array): void {
  const features = sums.length;
  for (let from = 0; from < contributions.length; from += features) {
    for (let f = 0; f < features; f++) sums[f]! += contributions[from + f]!;
  }
}

/** Adds the contributions of a window to [T, F] numbers that are 0. */
function decomposer(
  model: ScoringModel,
  scorer: ScorerName,
  { prepared, outputs, scores }: ScoredBatch,
): (window: number, contributions: Float64Array) => void {
  const { timesteps, residuals } = model;
  const { error, window: scored } = model.scorer(scorer);
  const isShown = error === model.error && !model.hasSeveralHeads;
  const { pooledError, headErrors } = isShown
    ? { pooledError: scores.timestepError, headErrors: scores.headErrors }
    : measureErrors(model, error, prepared, outputs);
  const view = { timestepError: pooledError, headErrors, residuals: residuals.heads };
  return (index, contributions) => {
    if (scores.saturated[index] === 1 || Number.isNaN(scores.score[index]!)) return;
    residuals.fill(prepared, index, outputs.heads, index);
    const read: ScoredWindow = { ...view, index, meanError: meanError(pooledError, index, timesteps) };
    scored.decompose(read, contributions);
    // A score that was cut: its parts are cut in proportion.
    if (scores.score[index] !== FLOAT32_MAX) return;
    const factor = FLOAT32_MAX / contributions.reduce((sum, part) => sum + part, 0);
    for (let i = 0; i < contributions.length; i++) contributions[i]! *= factor;
  };
}
