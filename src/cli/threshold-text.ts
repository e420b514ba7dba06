/** How a threshold is told. */
import { significantDigits } from "../scoring/digits.js";
import type { TrainedModel } from "../training/train-model.js";

/** The threshold in a line for a person. */
export function describeThreshold(
  threshold: TrainedModel["threshold"],
  calibration: TrainedModel["calibration"],
): string {
  if (threshold === undefined) return "none: scores come without a verdict";
  if (threshold.falseAlarmRate === null)
    return `${significantDigits(threshold.value)} on the ${threshold.scorer} error, set by hand`;
  const blocks = calibration?.[threshold.scorer]?.windows.blocks ?? 0;
  return `${significantDigits(threshold.value)} a window, ${significantDigits(threshold.timestepValue)} a timestep on the ${threshold.scorer} error (false-alarm rate ${significantDigits(threshold.falseAlarmRate, 3)}, ${blocks} independent blocks)`;
}
