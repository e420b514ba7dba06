/** The threshold that a model is published with. */
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { Calibration, ThresholdMethod } from "../scoring/thresholds.js";
import { chooseThresholds } from "./calibration.js";

/** The threshold of a model, and where it comes from. */
export interface ModelThreshold {
  readonly method: ThresholdMethod;
  readonly scorer: ScorerName;
  readonly falseAlarmRate: number | null;
  readonly value: number;
  readonly timestepValue: number;
}

/**
 * A threshold given by hand, else that of the false-alarm rate.
 *
 * @returns undefined where there is neither a threshold by hand nor a calibration.
 */
export function chooseThreshold(
  {
    threshold: value,
    falseAlarmRate,
  }: { readonly threshold: number | undefined; readonly falseAlarmRate: number },
  scorer: ScorerName,
  calibration: Calibration | undefined,
  onNote?: (sentence: string) => void,
): ModelThreshold | undefined {
  if (value !== undefined) {
    return { method: "value", scorer, falseAlarmRate: null, value, timestepValue: value };
  }
  if (calibration === undefined) return undefined;
  const { warnings, ...chosen } = chooseThresholds(calibration, scorer, falseAlarmRate);
  for (const warning of warnings) onNote?.(warning);
  return { method: "conformal", scorer, ...chosen };
}
