/** Whatever gives each row of a series a score, and is judged by how well that tells anomalies. */

import type { Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { scoreSeries } from "../training/series-scoring.js";

export const DETECTOR_NAMES = ["model", "random", "l2-row", "l2-window", "pca-window"] as const;
export type DetectorName = (typeof DETECTOR_NAMES)[number];

export interface Detector {
  readonly name: DetectorName;
  /** Undefined where chance has no part in it. */
  readonly seed: number | undefined;
  /** A row is flagged above this score; undefined where nothing was held back to calibrate on. */
  readonly threshold: number | undefined;
  /**
   * @param starts of the windows that the scores are to come from, increasing.
   * @returns [rows]; what stands in rows that no window covers says nothing.
   */
  scoreRows(series: Series, starts: Int32Array): Promise<Float64Array>;
}

/** A network as the service scores with it. */
export function createModelDetector(
  executable: Executable,
  scoring: ScoringModel,
  scorer: ScorerName,
  threshold: number | undefined,
  seed: number | undefined,
): Detector {
  return {
    name: "model",
    seed,
    threshold,
    scoreRows: async (series, starts) => {
      const { scores } = await scoreSeries(executable, scoring, [scorer], series.values, starts);
      return scores[scorer]!.timesteps;
    },
  };
}
