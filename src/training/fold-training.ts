/** Training with forward folds: several fits calibrate, and one on all windows is published. */
import { listNames } from "../data/names.js";
import type { TrainingEngine } from "../engine/engine.js";
import type { CalibratedModel, Material } from "./calibrated-model.js";
import { emptyFeatures, type FittedModel, fitModel } from "./fit-model.js";
import { calibrateFolds, type FoldModel } from "./fold-calibration.js";
import { forwardFolds } from "./folds.js";
import type { StartSpan } from "./splits.js";
import { type SettledOptions, type TrainEvents, windowRows } from "./train-settings.js";
import { gatherRows } from "./window-reader.js";
import { splitWindows, type WindowSet, windowsWithin } from "./window-set.js";

/** The windows of one fold. */
export interface FoldPlan {
  readonly fit: WindowSet;
  /** From the end of the rows that the fold fits on. */
  readonly validation: WindowSet;
  /** At a stride of 1. */
  readonly scored: WindowSet;
}

/** The folds that there is room for; notes where they are fewer than asked for. */
export function planFolds(
  { dataset, starts }: Material,
  options: SettledOptions,
  events: TrainEvents,
): FoldPlan[] {
  if (options.folds === 0) return [];
  const timesteps = windowRows(options);
  const { stride, validation } = options;
  const plans = forwardFolds(starts, timesteps, options.folds).flatMap((fold): FoldPlan[] => {
    const own = starts.map((all, series) => withinSpan(all, fold.fit[series]));
    const sets = splitWindows(own, { timesteps, stride, validation, calibration: 0 });
    const empty = emptyFeatures(gatherRows(dataset, sets.fit, timesteps), dataset.features);
    if (empty.length === 0) return [{ ...sets, scored: windowsWithin(starts, fold.score, 1) }];
    events.onNote?.(
      `A forward fold is left out: ${listNames(empty)} had no reading in the rows it would fit on.`,
    );
    return [];
  });
  if (plans.length === 0) {
    events.onNote?.(
      `There are too few rows for a forward fold: the last ${100 * options.calibration} % of the windows set the threshold, and are not fitted on.`,
    );
  } else if (plans.length < options.folds) {
    events.onNote?.(`There is room for ${plans.length} of ${options.folds} forward folds.`);
  }
  return plans;
}

function withinSpan(starts: Int32Array, span: StartSpan): Int32Array {
  return span === undefined
    ? new Int32Array(0)
    : starts.filter((start) => start >= span[0] && start <= span[1]);
}

/**
 * Fits a model for each fold, which scores the rows after those it was fitted on, and one on all windows. Each fold
 * stops by its validation windows; the last fit has none, and runs for the median best epoch of the folds, at that
 * fold's learning rates. Where the signal is aborted during a fold, the model is that fold's.
 */
export async function trainWithFolds(
  engine: TrainingEngine,
  material: Material,
  plans: readonly FoldPlan[],
  options: SettledOptions,
  events: TrainEvents,
): Promise<CalibratedModel> {
  const { dataset, starts, sampleStride: stride } = material;
  const all = windowsWithin(starts, starts.map(spanOfAll), options.stride);
  const windows = {
    fit: all.count,
    validation: 0,
    calibration: plans.reduce((sum, { scored }) => sum + scored.count, 0),
  };
  events.onSplit?.(windows, plans.length);
  const { falseAlarmRate } = options;
  const models: FoldModel[] = [];
  try {
    for (const [index, plan] of plans.entries()) {
      models.push(await fitFold(engine, dataset, { plan, index, of: plans.length }, options, events));
      if (options.signal?.aborted !== true) continue;
      const last = models[index]!;
      events.onFitted?.();
      const own = await calibrateFolds([last], dataset, { stride, falseAlarmRate }, events);
      return { model: last.fitted, windows: last.windows, exampleSet: last.scored, ...own };
    }
    const task = {
      stage: { number: 0, of: plans.length },
      fit: all,
      validation: windowsWithin(starts, [], 1),
      learningRates: medianRates(models),
    };
    const model = await fitModel(engine, dataset, task, options, events);
    events.onFitted?.();
    const judged = await calibrateFolds(models, dataset, { stride, falseAlarmRate }, events);
    return { model, windows, exampleSet: all, ...judged };
  } finally {
    for (const { executable } of models) await executable.close();
  }
}

async function fitFold(
  engine: TrainingEngine,
  dataset: Material["dataset"],
  { plan, index, of }: { plan: FoldPlan; index: number; of: number },
  options: SettledOptions,
  events: TrainEvents,
): Promise<FoldModel> {
  const { fit, validation, scored } = plan;
  const stage = { number: index + 1, of };
  const fitted = await fitModel(engine, dataset, { fit, validation, stage }, options, events);
  const windows = { fit: fit.count, validation: validation.count, calibration: scored.count };
  return { fitted, executable: await engine.compile(fitted.network, fitted.weights), windows, scored };
}

function spanOfAll(starts: Int32Array): StartSpan {
  return starts.length === 0 ? undefined : [starts[0]!, starts[starts.length - 1]!];
}

/**
 * The learning rates up to the best epoch of the fold whose best epoch is the median; undefined where no fold had
 * validation windows.
 */
function medianRates(models: readonly FoldModel[]): number[] | undefined {
  const fits = models
    .filter(({ windows }) => windows.validation > 0)
    .map(({ fitted }): FittedModel["fit"] => fitted.fit)
    .sort((a, b) => a.bestEpoch - b.bestEpoch);
  const median = fits[Math.floor(fits.length / 2)];
  return median?.epochs.slice(0, median.bestEpoch).map(({ learningRate }) => learningRate);
}
