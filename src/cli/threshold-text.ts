/** How a threshold is told. */
import type { TrainedModel } from "../training/train-model.js";
import { digits } from "./training-progress.js";

/** The threshold in a line for a person. */
export function describeThreshold(
  threshold: TrainedModel["threshold"],
  calibration: TrainedModel["calibration"],
): string {
  if (threshold === undefined) return "none: scores come without a verdict";
  if (threshold.falseAlarmRate === null)
    return `${digits(threshold.value)} on the ${threshold.scorer} error, set by hand`;
  const blocks = calibration?.[threshold.scorer]?.windows.blocks ?? 0;
  return `${digits(threshold.value)} a window, ${digits(threshold.timestepValue)} a timestep on the ${threshold.scorer} error (false-alarm rate ${digits(threshold.falseAlarmRate, 3)}, ${blocks} independent blocks)`;
}
