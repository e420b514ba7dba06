/** Which scorer and threshold apply to windows, and the verdicts that follow from scores. series-judge.ts: to series. */
import { ResiduaError } from "../errors.js";
import type { Threshold } from "../registry/manifest.js";
import { type Arrays, OWN_ARRAYS } from "../scoring/arrays.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import {
  type CalibrationSample,
  conformalThreshold,
  pValue,
  type ScorerCalibration,
} from "../scoring/thresholds.js";
import type { WindowScores } from "../scoring/window-scoring.js";
import { NO_VERDICT, type ScorableModel } from "./score-result.js";

/** A threshold that a request asks for instead of the model's. False alarms are text such as "1/week". */
export type RequestedThreshold =
  | { readonly falseAlarmRate: number }
  | { readonly value: number }
  | { readonly falseAlarms: string };

/** What the scores of a request are judged by. */
export interface Judge {
  readonly scorer: ScorerName;
  readonly threshold: Threshold | null;
  readonly calibration: ScorerCalibration | undefined;
}

/**
 * The scorer and threshold of a request; where it asks for none, those of the model.
 *
 * @throws ResiduaError UNSUPPORTED_BY_MODEL, with what there is, for a scorer that the model does not have, or
 *   for a false-alarm rate that its calibration has too few scores for, or for false alarms: they count
 *   events, and windows have none.
 */
export function chooseJudge(
  model: ScorableModel,
  scorerAsked: ScorerName | undefined,
  thresholdAsked: RequestedThreshold | undefined,
): Judge {
  const { manifest } = model;
  const scorer = scorerAsked ?? manifest.scorers[0]!;
  if (!manifest.scorers.includes(scorer)) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${model.name} ${model.version} has no scorer ${scorer}; it has ${manifest.scorers.join(", ")}.`,
      { violations: [{ path: "/scorer", message: `has to be one of ${manifest.scorers.join(", ")}` }] },
    );
  }
  const calibration = model.calibration?.[scorer];
  return { scorer, calibration, threshold: chooseThreshold(model, scorer, calibration, thresholdAsked) };
}

function chooseThreshold(
  model: ScorableModel,
  scorer: ScorerName,
  calibration: ScorerCalibration | undefined,
  asked: RequestedThreshold | undefined,
): Threshold | null {
  if (asked !== undefined && "falseAlarms" in asked) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      "False alarms count the events of a series; for windows send a falseAlarmRate or a value.",
      { violations: [{ path: "/threshold/falseAlarms", message: "needs a series" }] },
    );
  }
  if (asked !== undefined && "value" in asked) {
    const { value } = asked;
    return { method: "value", scorer, falseAlarmRate: null, value, timestepValue: value };
  }
  const own = model.manifest.threshold;
  if (asked === undefined) {
    if (own === null || own.scorer === scorer) return own;
    if (own.falseAlarmRate === null || calibration === undefined) return null;
  }
  if (calibration === undefined) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${model.name} ${model.version} has no calibration, so it cannot keep a false-alarm rate; send {"value": ...} instead.`,
      { violations: [{ path: "/threshold/falseAlarmRate", message: "needs a model with a calibration" }] },
    );
  }
  const falseAlarmRate = asked?.falseAlarmRate ?? own!.falseAlarmRate!;
  return {
    method: "conformal",
    scorer,
    falseAlarmRate,
    value: conformalThreshold(calibration.windows, falseAlarmRate),
    timestepValue: conformalThreshold(calibration.timesteps, falseAlarmRate),
  };
}

/** For each of n windows: its p-value (NaN for none), and its verdict: 1, 0 or NO_VERDICT. */
export function judgeWindows(
  judge: Judge,
  scores: WindowScores,
  minCoverage: number,
  arrays: Arrays = OWN_ARRAYS,
): { pValue: Float64Array; anomalous: Int8Array } {
  const anomalous = judgeScores(scores.score, scores.coverage, judge.threshold?.value, minCoverage, arrays);
  for (let window = 0; window < scores.count; window++) {
    if (scores.saturated[window] === 1) anomalous[window] = 1;
  }
  return { pValue: pValues(judge.calibration?.windows, scores.score, arrays), anomalous };
}

/** 1 above the threshold, 0 up to it; NO_VERDICT without one, without a score, or with too few readings. */
export function judgeScores(
  scores: Float64Array,
  coverage: Float64Array,
  threshold: number | undefined,
  minCoverage: number,
  arrays: Arrays = OWN_ARRAYS,
): Int8Array {
  const anomalous = arrays.int8(scores.length).fill(NO_VERDICT);
  if (threshold === undefined) return anomalous;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]!) || coverage[i]! < minCoverage) continue;
    anomalous[i] = scores[i]! > threshold ? 1 : 0;
  }
  return anomalous;
}

/** [n] p-values of [n] scores; NaN without a calibration sample. */
export function pValues(
  sample: CalibrationSample | undefined,
  scores: Float64Array,
  arrays: Arrays = OWN_ARRAYS,
): Float64Array {
  const values = arrays.float64(scores.length);
  if (sample === undefined) return values.fill(Number.NaN);
  for (let i = 0; i < scores.length; i++) values[i] = pValue(sample, scores[i]!);
  return values;
}
