/** What scoring a request gives: typed arrays, with the model that they come from. */
import type { Manifest, Threshold } from "../registry/manifest.js";
import type { EventWindows } from "../scoring/events.js";
import type { Calibration, CalibrationSample } from "../scoring/thresholds.js";
import type { NetworkOutputs, ScoringModel, WindowScores } from "../scoring/window-scoring.js";
import type { BatchTarget } from "./batch-job.js";

/** What scoring needs of a live version. */
export interface ScorableModel extends BatchTarget {
  readonly sha256: string;
  readonly engine: string;
  readonly device: string;
  readonly manifest: Manifest;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
}

/** A slice of a request: n consecutive windows that were scored together. */
export interface ScoredWindows {
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
  /** [n]; NaN without calibration or without a score. */
  readonly pValue: Float64Array;
  /** [n]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
}

export const NO_VERDICT = -1;

export interface Timing {
  /** From the submission of the request to the start of its first engine run. */
  readonly queueMs: number;
  /** From there to the end of its last run. */
  readonly computeMs: number;
}

export interface WindowsResult extends Timing {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly count: number;
  /** In order. A small request is one slice. */
  readonly slices: readonly ScoredWindows[];
}

export interface SeriesScores {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly rows: number;
  /** [rows]: the mean of the scores of the windows that cover a timestep; NaN where none does. */
  readonly score: Float64Array;
  /** [rows]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
  /** The calibration scores that p-values are taken from; undefined for a model without calibration. */
  readonly sample: CalibrationSample | undefined;
  /** Where the windows lie and their errors by feature, for events. */
  readonly windows: EventWindows;
}

export interface SeriesResult extends SeriesScores, Timing {}
