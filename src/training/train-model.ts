/**
 * Trains a model, from series to all that is published:
 *
 *   window length -> forward folds: fit, score the rows after -> calibration, threshold; last fit on all rows
 *
 * Without folds, the last rows are held back to calibrate with:
 *
 *   window length -> split -> fit -> fit scorers -> calibrate -> threshold
 */

import type { Dataset } from "../data/dataset.js";
import type { TrainingEngine } from "../engine/engine.js";
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import type { WindowLength } from "../scoring/period.js";
import { errorOfLoss } from "../scoring/residuals.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration } from "../scoring/thresholds.js";
import { defaultEpochWindows, defaultStride } from "./budget.js";
import { CALENDAR_ADVICE, checkCalendar, describeCalendar } from "./calendar-options.js";
import { type ExampleWindows, runExamples } from "./example-windows.js";
import type { FitResult } from "./fit.js";
import { stepOf } from "./fit-alarms.js";
import { describeQuantiles, type FoldRecord } from "./fold-calibration.js";
import { planFolds, trainWithFolds } from "./fold-training.js";
import { chooseJudgement, type Judgement } from "./judgement.js";
import { trainWithSplit } from "./split-training.js";
import type { SettledOptions, TrainEvents, TrainOptions, WindowCounts } from "./train-settings.js";
import { settleTimesteps } from "./window-length.js";
import { usableStarts } from "./window-set.js";

export type { TrainEvents, TrainOptions } from "./train-settings.js";

/** A data file that was learnt from. */
export interface TrainingFile {
  readonly file: string;
  readonly rows: number;
  /** sha256, in hex, of the file as it stands on disk. */
  readonly sha256: string;
}

/** What training gives: all that a bundle is made of. */
export interface TrainedModel extends Judgement {
  /** What was asked for, without the signal; what was left to the data is settled. */
  readonly options: TrainOptions;
  readonly files: readonly TrainingFile[];
  /** [F]: the features' names. */
  readonly features: readonly string[];
  readonly network: Network;
  readonly weights: Weights;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
  readonly fit: FitResult;
  readonly windows: WindowCounts;
  /** How the window length was chosen; undefined where it was asked for. */
  readonly windowLength: WindowLength | undefined;
  /** None where the last rows were held back instead. */
  readonly folds: readonly FoldRecord[];
  readonly examples: ExampleWindows;
}

/**
 * Trains one model. The same data set and options give the same bytes, on any number of threads.
 *
 * @throws InputError where the data have too few rows, or no times for calendar inputs, or training diverges.
 */
export async function trainModel(
  engine: TrainingEngine,
  dataset: Dataset,
  asked: TrainOptions,
  events: TrainEvents = {},
): Promise<TrainedModel> {
  checkCalendar(dataset, asked);
  const stepMs = stepOf(dataset, asked.falseAlarms);
  const { timesteps, chosen } = settleTimesteps(dataset, asked);
  if (chosen !== undefined) events.onChoice?.(`window length ${chosen.reason}`);
  if (asked.calendar !== undefined) {
    events.onChoice?.(describeCalendar(asked.calendar));
    // A path that is trained along reads the calendar too.
    const ignores = asked.linearPath !== null && asked.linearPathTraining === "fixed";
    if (ignores) events.onNote?.(CALENDAR_ADVICE);
  }
  const architecture = { ...asked.architecture, timesteps };
  const rows = timesteps + (architecture.horizon ?? 0);
  const notes: string[] = [];
  const starts = usableStarts(dataset, { timesteps: rows, minCoverage: asked.minCoverage }, notes);
  for (const note of notes) events.onNote?.(note);
  const count = starts.reduce((sum, { length }) => sum + length, 0);
  const options: SettledOptions = {
    ...asked,
    architecture,
    stride: asked.stride ?? defaultStride(count, rows),
    windowsPerEpoch: asked.windowsPerEpoch ?? defaultEpochWindows(rows),
  };
  const material = { dataset, starts, sampleStride: asked.stride ?? 1 };
  const folds = planFolds(material, options, events);
  const fitted =
    folds.length > 0
      ? await trainWithFolds(engine, material, folds, options, events)
      : await trainWithSplit(engine, material, options, events);
  const { model, calibration } = fitted;
  const scoring = prepareScoring({ ...model.description, fitted: fitted.parameters });
  const executable = await engine.compile(model.network, model.weights);
  try {
    const scorer = defaultScorer(scoring, options, calibration);
    const quantiles = describeQuantiles(fitted.folds, scorer, options.falseAlarmRate);
    if (quantiles !== undefined) events.onNote?.(quantiles);
    const { signal: _, ...recorded } = options;
    return {
      options: recorded,
      files: dataset.files.map(({ file, rows, sha256 }) => ({ file, rows, sha256 })),
      features: dataset.features,
      network: model.network,
      weights: model.weights,
      scoring,
      ...chooseJudgement(
        scorer,
        calibration,
        fitted.parts,
        { ...options, timesteps: rows, stepMs },
        events.onNote,
      ),
      calibration,
      fit: model.fit,
      windows: fitted.windows,
      windowLength: chosen,
      folds: fitted.folds,
      examples: await runExamples(executable, scoring, dataset, fitted.exampleSet),
    };
  } finally {
    await executable.close();
  }
}

/**
 * The scorer that a request gets which asks for none. A threshold set by hand is a size of the error that training makes
 * small, as it was before there was a linear path.
 */
function defaultScorer(
  scoring: ScoringModel,
  options: TrainOptions,
  calibration: Calibration | undefined,
): ScorerName {
  const isCombined = calibration === undefined ? scoring.has("combined") : calibration.combined !== undefined;
  return isCombined && options.threshold === undefined ? "combined" : errorOfLoss(options.loss);
}
