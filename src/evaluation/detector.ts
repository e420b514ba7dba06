/** A detector gives each row of a series a score; it is judged by how well the scores separate anomalous rows. */

import type { Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { DriftReference } from "../scoring/drift-reference.js";
import type { NormalBehaviour } from "../scoring/normal-behaviour.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration, CalibrationSample } from "../scoring/thresholds.js";
import { type OnScored, scoreSeries } from "../training/series-scoring.js";

/** The names of detectors in reports. */
export type DetectorName = "model" | "random" | "l2-row" | "l2-window" | "pca-window-70" | "pca-window";

/** What is known of the scores of normal rows; undefined where there were no calibration windows. */
export interface NormalScores {
  readonly sample: CalibrationSample;
  /** What p-values look like while the normal level stays; undefined where there were too few. */
  readonly drift: DriftReference | undefined;
}

/** A network or a baseline. */
export interface Detector {
  readonly name: DetectorName;
  /** The seed of its random numbers; undefined where it uses none. */
  readonly seed: number | undefined;
  /** A row is flagged above this score; undefined where there were no calibration windows. */
  readonly threshold: number | undefined;
  readonly normal: NormalScores | undefined;
  /**
   * @param starts the first row of each window to score, increasing.
   * @returns [rows]; the values of rows that no window covers have no meaning.
   */
  scoreRows(series: Series, starts: Int32Array): Promise<Float64Array>;
}

/** What evaluation needs of a model. */
export interface EvaluatedModel {
  readonly executable: Executable;
  readonly scoring: ScoringModel;
  readonly scorer: ScorerName;
  /** A row is flagged above this score; undefined where the model has no threshold. */
  readonly threshold: number | undefined;
  readonly calibration: Calibration | undefined;
  readonly behaviour: NormalBehaviour | undefined;
}

/** A network, with the scores that the service gives. @param onScored gets what else is known of each series. */
export function createModelDetector(
  model: EvaluatedModel,
  seed: number | undefined,
  onScored?: OnScored,
): Detector {
  const { executable, scoring, scorer, threshold, calibration, behaviour } = model;
  const sample = calibration?.[scorer]?.timesteps;
  return {
    name: "model",
    seed,
    threshold,
    normal: sample && { sample, drift: behaviour?.scorers[scorer]?.drift },
    scoreRows: async (series, starts) => {
      const options = { withFeatureError: onScored !== undefined };
      const scored = await scoreSeries(executable, scoring, [scorer], series, starts, options);
      onScored?.(series, starts, scored);
      return scored.scores[scorer]!.timesteps;
    },
  };
}
