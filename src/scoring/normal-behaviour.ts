/** What a model knows of the scores of normal rows beyond their sizes: how they make events, and how they follow each other. */
import type { AlarmCalibration } from "./alarm-choice.js";
import type { AlarmRule } from "./alarms.js";
import type { DriftReference } from "./drift-reference.js";
import type { ScorerName } from "./scorers/scorers.js";

export interface ScorerBehaviour {
  readonly alarms: AlarmCalibration;
  /** A stitched timestep error above this is out of its normal range. */
  readonly errorLimit: number;
  /** Undefined where there were too few independent blocks. */
  readonly drift: DriftReference | undefined;
}

export interface NormalBehaviour {
  /** The usual time between two rows; undefined where the rows had no times. */
  readonly stepMs: number | undefined;
  /** The false alarms that the timesteps of a series are judged by, such as "1/week"; undefined: by the threshold. */
  readonly falseAlarms: string | undefined;
  readonly scorers: Readonly<Partial<Record<ScorerName, ScorerBehaviour>>>;
}

/** The events of a model that knows of no alarms: runs of timesteps above the threshold. */
export function ruleOfRuns(threshold: number): AlarmRule {
  return { threshold, k: 1, n: 1, endValue: threshold };
}
