/** Training without folds: the last windows are held back to calibrate with. */
import type { TrainingEngine } from "../engine/engine.js";
import { prepareScoring } from "../scoring/scoring-model.js";
import type { CalibratedModel, Material } from "./calibrated-model.js";
import { poolCalibration, scoreNormal } from "./calibration.js";
import { fitModel } from "./fit-model.js";
import { fitScorers } from "./fit-scorers.js";
import { type SettledOptions, type TrainEvents, windowRows } from "./train-settings.js";
import { describeEmptySets, splitWindows } from "./window-set.js";

/** Fits on the first windows, stops by the next ones, and calibrates with the last. */
export async function trainWithSplit(
  engine: TrainingEngine,
  { dataset, starts, sampleStride }: Material,
  options: SettledOptions,
  events: TrainEvents,
): Promise<CalibratedModel> {
  const split = splitWindows(starts, { ...options, timesteps: windowRows(options) });
  for (const note of describeEmptySets(split, options)) events.onNote?.(note);
  const windows = {
    fit: split.fit.count,
    validation: split.validation.count,
    calibration: split.calibration.count,
  };
  events.onSplit?.(windows, 0);
  const task = { ...split, stage: { number: 0, of: 0 } };
  const model = await fitModel(engine, dataset, task, options, events);
  events.onFitted?.();
  const executable = await engine.compile(model.network, model.weights);
  try {
    // Residuals of windows that the weights were fitted on are smaller than those of new ones.
    const normal = windows.validation > 0 ? split.validation : split.fit;
    const parameters = await fitScorers(executable, model.unfitted, dataset, normal);
    if (windows.calibration === 0) {
      return {
        model,
        parameters,
        calibration: undefined,
        parts: [],
        windows,
        folds: [],
        exampleSet: split.fit,
      };
    }
    const scoring = prepareScoring({ ...model.description, fitted: parameters });
    const scores = await scoreNormal(executable, scoring, dataset, split.calibration, {
      stride: sampleStride,
      onWindows: (done) => events.onCalibration?.(done, windows.calibration),
    });
    const calibration = poolCalibration([scores]);
    const { parts } = scores;
    return { model, parameters, calibration, parts, windows, folds: [], exampleSet: split.calibration };
  } finally {
    await executable.close();
  }
}
