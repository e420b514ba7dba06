/** What scoring a request gives, before anything is written: typed arrays, and whose they are. */
import type { Manifest, Threshold } from "../registry/manifest.js";
import type { EventWindows } from "../scoring/events.js";
import type { Calibration, CalibrationSample } from "../scoring/thresholds.js";
import type { NetworkOutputs, ScoringModel, WindowScores } from "../scoring/window-scoring.js";
import type { BatchTarget } from "./batch-job.js";

/** What an answer may hold beside scores. */
export const INCLUDABLE = [
  "reconstruction",
  "prediction",
  "timestepError",
  "featureError",
  "headError",
  "embedding",
] as const;
export type Includable = (typeof INCLUDABLE)[number];

/** A live version, as far as scoring needs it. */
export interface ScorableModel extends BatchTarget {
  readonly sha256: string;
  readonly engine: string;
  readonly device: string;
  readonly manifest: Manifest;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
}

/** Some of a request's windows, scored together. */
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
  /** From the request's submission to the start of its first run. */
  readonly queueMs: number;
  /** From there to the end of its last run. */
  readonly computeMs: number;
}

export interface WindowsResult extends Timing {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly include: ReadonlySet<Includable>;
  readonly count: number;
  /** In order; a small request has one. */
  readonly parts: readonly ScoredWindows[];
}

export interface SeriesScores {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly rows: number;
  /** [rows]: the mean of the scores of the windows that cover a timestep; NaN where none does. */
  readonly score: Float64Array;
  /** [rows]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
  /** What p-values are taken from. */
  readonly sample: CalibrationSample | undefined;
  /** The windows' part in it, for events. */
  readonly windows: EventWindows;
}

export interface SeriesResult extends SeriesScores, Timing {}
