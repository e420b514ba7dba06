/** How well the anomalies of one labelled file are found: by models, with the baselines beside them. */
import type { Dataset } from "../data/dataset.js";
import type { RowRange } from "../data/table.js";
import type { Executable, TrainingEngine } from "../engine/engine.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import {
  type TrainEvents,
  type TrainedModel,
  type TrainOptions,
  trainModel,
} from "../training/train-model.js";
import { settleTimesteps } from "../training/window-length.js";
import { type SplitOptions, splitDataset } from "../training/window-set.js";
import { createRandomDetector, fitBaselines } from "./baselines.js";
import { createModelDetector, type Detector } from "./detector.js";
import { describeFile, type FileEvaluation } from "./summary.js";
import { cutTestSet, type DetectorRun, judgeDetector, type TestSet } from "./test-set.js";

/** One labelled file. */
export interface EvaluationData {
  /** All its rows. */
  readonly whole: Dataset;
  /** The normal rows to learn from; undefined where there are none: then random scores are the only baseline. */
  readonly learnt: Dataset | undefined;
  /** The rows of `learnt`, which are not tested on. */
  readonly trainRows: RowRange | undefined;
  /** The rows to test on; all but `trainRows` where it is undefined. */
  readonly testRows: RowRange | undefined;
}

/** What evaluation needs of a published model. */
export interface EvaluatedModel {
  readonly executable: Executable;
  readonly scoring: ScoringModel;
  readonly scorer: ScorerName;
  /** A row is flagged above this score; undefined where the model has no threshold. */
  readonly threshold: number | undefined;
}

/** What the baselines are fitted with. */
export interface BaselineSettings extends Omit<SplitOptions, "timesteps" | "minCoverage"> {
  /** Seeds of the random scores. */
  readonly seeds: readonly number[];
  readonly falseAlarmRate: number;
}

/** Called while models are trained. */
export interface TrainingEvaluationEvents {
  /** Called before each training; gives the callbacks that watch it. */
  readonly watch: (seed: number) => TrainEvents;
  readonly onTrained: (seed: number, model: TrainedModel) => void;
}

/**
 * Trains a model for each seed on the rows to learn from, and judges each on the rows to test on. Nothing is published.
 *
 * Throws InputError where the data have too few rows, or training diverges.
 */
export async function evaluateTraining(
  engine: TrainingEngine,
  data: EvaluationData & { readonly learnt: Dataset },
  options: TrainOptions,
  seeds: readonly number[],
  events: TrainingEvaluationEvents,
): Promise<FileEvaluation> {
  const { minCoverage, validation, calibration, stride = 1 } = options;
  const { horizon = 0 } = options.architecture;
  const timesteps = settleTimesteps(data.learnt, options).timesteps + horizon;
  const testSet = cutTestSet(data.whole, { ...data, timesteps, minCoverage });
  const runs: DetectorRun[] = [];
  let { falseAlarmRate } = options;
  for (const seed of seeds) {
    const model = await trainModel(engine, data.learnt, { ...options, seed }, events.watch(seed));
    events.onTrained(seed, model);
    falseAlarmRate = model.threshold?.falseAlarmRate ?? falseAlarmRate;
    runs.push(await judgeTrained(engine, model, testSet));
  }
  const split = { timesteps, minCoverage, validation, calibration, stride };
  runs.push(...(await judgeBaselines(data.learnt, testSet, { ...split, seeds, falseAlarmRate })));
  return describeFile(data.whole.files[0]!.file, testSet, runs);
}

/**
 * Judges a published model on the rows to test on.
 *
 * Throws InputError where no row can be tested on.
 */
export async function evaluateModel(
  model: EvaluatedModel,
  data: EvaluationData,
  settings: BaselineSettings,
): Promise<FileEvaluation> {
  const { timesteps, minCoverage } = model.scoring;
  const testSet = cutTestSet(data.whole, { ...data, timesteps, minCoverage });
  const runs = [await judgeDetector(detectorOf(model, undefined), testSet)];
  runs.push(...(await judgeBaselines(data.learnt, testSet, { ...settings, timesteps, minCoverage })));
  return describeFile(data.whole.files[0]!.file, testSet, runs);
}

async function judgeTrained(
  engine: TrainingEngine,
  trained: TrainedModel,
  testSet: TestSet,
): Promise<DetectorRun> {
  const executable = await engine.compile(trained.network, trained.weights);
  try {
    const { scoring, scorers, threshold, options } = trained;
    const model = { executable, scoring, scorer: scorers[0]!, threshold: threshold?.timestepValue };
    return await judgeDetector(detectorOf(model, options.seed), testSet);
  } finally {
    await executable.close();
  }
}

function detectorOf(model: EvaluatedModel, seed: number | undefined): Detector {
  return createModelDetector(model.executable, model.scoring, model.scorer, model.threshold, seed);
}

/** Random scores, and the baselines that learn where there is something to learn from. */
async function judgeBaselines(
  learnt: Dataset | undefined,
  testSet: TestSet,
  settings: BaselineSettings & SplitOptions,
): Promise<DetectorRun[]> {
  const detectors = settings.seeds.map((seed) => createRandomDetector(seed, settings.falseAlarmRate));
  if (learnt !== undefined) {
    detectors.push(...(await fitBaselines(learnt, splitDataset(learnt, settings), settings)));
  }
  const runs: DetectorRun[] = [];
  for (const detector of detectors) runs.push(await judgeDetector(detector, testSet));
  return runs;
}
