/** What training is given, and what each way to train and calibrate gives. */
import type { Dataset } from "../data/dataset.js";
import type { FittedScorers } from "../scoring/scorers/scorers.js";
import type { Calibration } from "../scoring/thresholds.js";
import type { NormalPart } from "./fit-alarms.js";
import type { FittedModel } from "./fit-model.js";
import type { FoldRecord } from "./fold-calibration.js";
import type { WindowCounts } from "./train-settings.js";
import type { WindowSet } from "./window-set.js";

/** The windows to learn from. */
export interface Material {
  readonly dataset: Dataset;
  /** By series, the first rows of all windows, at a stride of 1. */
  readonly starts: readonly Int32Array[];
  /** Of the windows in the calibration sample: `defaultStride` is for fitting alone. */
  readonly sampleStride: number;
}

/** A fitted model, and how its scores are judged. */
export interface CalibratedModel {
  readonly model: FittedModel;
  /** What the scorers have learnt. */
  readonly parameters: FittedScorers;
  /** Undefined where no window was held back to calibrate with. */
  readonly calibration: Calibration | undefined;
  /** What the calibration was made from, by fold and series. */
  readonly parts: readonly NormalPart[];
  readonly windows: WindowCounts;
  /** None where the last windows were held back instead. */
  readonly folds: readonly FoldRecord[];
  /** Where the example windows are taken from. */
  readonly exampleSet: WindowSet;
}
