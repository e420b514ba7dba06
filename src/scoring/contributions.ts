/** What each reading of a window contributes to its score. */
import { FLOAT32_MAX } from "./residuals.js";
import type { ScorerName } from "./scorers/scorers.js";
import type { ScoringModel } from "./scoring-model.js";
import { meanError, measureErrors } from "./window-errors.js";
import type { NetworkOutputs, PreparedWindows, WindowScores } from "./window-scoring.js";

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
  const { prepared, outputs, scores } = batch;
  if (scores.saturated[window] === 1 || Number.isNaN(scores.score[window]!)) return contributions;
  const { timesteps, features, heads } = model;
  const { error, window: scored } = model.scorer(scorer);
  const alone = {
    heads: outputs.heads.map((head, h) => {
      const size = heads[h]!.steps * features;
      return head.subarray(window * size, (window + 1) * size);
    }),
    embedding: outputs.embedding.subarray(0, 0),
  };
  const { pooledError, headErrors } = measureErrors(model, error, prepared, alone, {
    from: window,
    count: 1,
  });
  model.residuals.fill(prepared, window, outputs.heads, window);
  scored.decompose(
    {
      index: 0,
      meanError: meanError(pooledError, 0, timesteps),
      timestepError: pooledError,
      headErrors,
      residuals: model.residuals.heads,
    },
    contributions,
  );
  // A score that was cut: its parts are cut in proportion.
  if (scores.score[window] === FLOAT32_MAX) {
    const factor = FLOAT32_MAX / contributions.reduce((sum, part) => sum + part, 0);
    for (let i = 0; i < contributions.length; i++) contributions[i]! *= factor;
  }
  return contributions;
}

/**
 * Sums contributions by feature.
 *
 * @param contributions [T, F]
 * @returns [F], which together are the window's score.
 */
export function sumByFeature(contributions: Float64Array, features: number): Float64Array {
  const sums = new Float64Array(features);
  for (let i = 0; i < contributions.length; i++) sums[i % features]! += contributions[i]!;
  return sums;
}
