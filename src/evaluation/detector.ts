/** A detector gives each row of a series a score; it is judged by how well the scores separate anomalous rows. */

import type { Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { scoreSeries } from "../training/series-scoring.js";

/** The names of detectors in reports. */
export type DetectorName = "model" | "random" | "l2-row" | "l2-window" | "pca-window";

/** A network or a baseline. */
export interface Detector {
  readonly name: DetectorName;
  /** The seed of its random numbers; undefined where it uses none. */
  readonly seed: number | undefined;
  /** A row is flagged above this score; undefined where there were no calibration windows. */
  readonly threshold: number | undefined;
  /**
   * @param starts the first row of each window to score, increasing.
   * @returns [rows]; the values of rows that no window covers have no meaning.
   */
  scoreRows(series: Series, starts: Int32Array): Promise<Float64Array>;
}

/** A network, with the scores that the service gives. */
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
