/** Which windows baselines learn from and which set their thresholds: those that a network of the same options has. */
import type { Dataset } from "../data/dataset.js";
import { forwardFolds } from "../training/folds.js";
import type { StartSpan } from "../training/splits.js";
import {
  type SplitOptions,
  splitWindows,
  usableStarts,
  type WindowSet,
  windowsWithin,
} from "../training/window-set.js";

export interface BaselineOptions extends SplitOptions {
  /** Forward folds; 0: the last windows are held back, by `calibration`. */
  readonly folds: number;
}

export interface BaselineParts {
  /** What the detector under test is fitted on. */
  readonly fit: WindowSet;
  /** Fits whose scores of the windows after them, together, set the threshold; none without windows to calibrate with. */
  readonly folds: readonly { readonly fit: WindowSet; readonly scored: WindowSet }[];
}

/** As `trainModel` does: forward folds where there is room, and all windows fitted on; else the last ones held back. */
export function cutBaselineParts(dataset: Dataset, options: BaselineOptions): BaselineParts {
  const starts = usableStarts(dataset, options, []);
  const folds = options.folds === 0 ? [] : forwardFolds(starts, options.timesteps, options.folds);
  if (folds.length > 0) {
    return {
      fit: windowsWithin(starts, starts.map(spanOfAll), 1),
      folds: folds.map(({ fit, score }) => ({
        fit: windowsWithin(starts, fit, 1),
        scored: windowsWithin(starts, score, 1),
      })),
    };
  }
  const { fit, calibration: scored } = splitWindows(starts, options);
  return { fit, folds: scored.count === 0 ? [] : [{ fit, scored }] };
}

function spanOfAll(starts: Int32Array): StartSpan {
  return starts.length === 0 ? undefined : [starts[0]!, starts[starts.length - 1]!];
}
