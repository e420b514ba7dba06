/** What scoring a request gives, before anything is written: typed arrays, and whose they are. */
import type { Manifest, Threshold } from "../registry/manifest.js";
import type { Calibration } from "../scoring/thresholds.js";
import type {
  NetworkOutputs,
  PreparedWindows,
  ScoringModel,
  WindowScores,
} from "../scoring/window-scoring.js";
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

export interface WindowsResult {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly include: ReadonlySet<Includable>;
  readonly prepared: PreparedWindows;
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
  /** [n]; NaN without calibration or without a score. */
  readonly pValue: Float64Array;
  /** [n]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
  readonly queueMs: number;
  readonly computeMs: number;
}

export const NO_VERDICT = -1;
