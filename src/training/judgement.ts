/** How the scores of a model are judged, from its scores of normal rows: threshold, alarms and drift reference. */
import type { NormalBehaviour } from "../scoring/normal-behaviour.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import type { Calibration } from "../scoring/thresholds.js";
import { describeNormalBehaviour, type NormalPart } from "./fit-alarms.js";
import { chooseThreshold, type ModelThreshold } from "./model-threshold.js";
import type { TrainOptions } from "./train-settings.js";

export interface Judgement {
  /** The scorers that requests can ask for, the default first. */
  readonly scorers: readonly ScorerName[];
  readonly threshold: ModelThreshold | undefined;
  /** How normal scores make events; undefined without a calibration. */
  readonly behaviour: NormalBehaviour | undefined;
}

export interface JudgementOptions extends Pick<TrainOptions, "falseAlarmRate" | "falseAlarms" | "threshold"> {
  /** T */
  readonly timesteps: number;
  /** The usual time between two rows; undefined where the data have no times. */
  readonly stepMs: number | undefined;
}

/**
 * @param scorer the default one.
 * @param calibration undefined where no window was held back to calibrate with.
 * @param parts what the calibration was made from, by fit and series.
 * @param onNote takes warnings: of a rate that the rows cannot carry, or that rests on few of them.
 */
export function chooseJudgement(
  scorer: ScorerName,
  calibration: Calibration | undefined,
  parts: readonly NormalPart[],
  options: JudgementOptions,
  onNote?: (sentence: string) => void,
): Judgement {
  return {
    scorers: [scorer, ...SCORER_NAMES.filter((name) => name !== scorer && calibration?.[name] !== undefined)],
    threshold: chooseThreshold(options, scorer, calibration, onNote),
    behaviour: describeNormalBehaviour(parts, { ...options, calibration, scorer }, onNote),
  };
}
