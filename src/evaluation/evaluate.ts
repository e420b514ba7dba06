/** How well the anomalies of one labelled file are found: by models, with the baselines beside them. */
import type { Dataset } from "../data/dataset.js";
import type { RowRange } from "../data/table-form.js";
import type { TrainingEngine } from "../engine/engine.js";
import type { OnScored } from "../training/series-scoring.js";
import {
  type TrainEvents,
  type TrainedModel,
  type TrainOptions,
  trainModel,
} from "../training/train-model.js";
import { settleTimesteps } from "../training/window-length.js";
import { type BaselineOptions, cutBaselineParts } from "./baseline-parts.js";
import { createRandomDetector, fitBaselines } from "./baselines.js";
import { createModelDetector, type EvaluatedModel } from "./detector.js";
import { type DetectorRun, judgeDetector } from "./judgement.js";
import { describeFile, type FileEvaluation } from "./summary.js";
import { cutTestSet, type TestSet } from "./test-set.js";

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

/** What the baselines are fitted with. */
export interface EvaluationSettings extends Omit<BaselineOptions, "timesteps" | "minCoverage"> {
  /** Seeds of the random scores. */
  readonly seeds: readonly number[];
  readonly falseAlarmRate: number;
  readonly watchScores?: WatchScores | undefined;
}

/** Called before a model is judged; gives what then gets its scores, if anything does. */
export type WatchScores = (model: EvaluatedModel) => OnScored | undefined;

/** Called while models are trained. */
export interface TrainingEvaluationEvents {
  /** Called before each training; gives the callbacks that watch it. */
  readonly watch: (seed: number) => TrainEvents;
  readonly onTrained: (seed: number, model: TrainedModel) => void;
  readonly watchScores?: WatchScores | undefined;
}

/**
 * Trains a model for each seed on the rows to learn from, and judges each on the rows to test on. Nothing is published.
 *
 * @throws InputError where the data have too few rows, or training diverges.
 */
export async function evaluateTraining(
  engine: TrainingEngine,
  data: EvaluationData & { readonly learnt: Dataset },
  options: TrainOptions,
  seeds: readonly number[],
  events: TrainingEvaluationEvents,
): Promise<FileEvaluation> {
  const { minCoverage, validation, calibration, folds, stride = 1 } = options;
  const { horizon = 0 } = options.architecture;
  const timesteps = settleTimesteps(data.learnt, options).timesteps + horizon;
  const testSet = cutTestSet(data.whole, { ...data, timesteps, minCoverage });
  const runs: DetectorRun[] = [];
  let { falseAlarmRate } = options;
  for (const seed of seeds) {
    const model = await trainModel(engine, data.learnt, { ...options, seed }, events.watch(seed));
    events.onTrained(seed, model);
    falseAlarmRate = model.threshold?.falseAlarmRate ?? falseAlarmRate;
    runs.push(await judgeTrained(engine, model, testSet, events.watchScores));
  }
  const parts = { timesteps, minCoverage, folds, validation, calibration, stride };
  runs.push(...(await judgeBaselines(data.learnt, testSet, { ...parts, seeds, falseAlarmRate })));
  return describeFile(data.whole.files[0]!.file, testSet, runs);
}

/**
 * Judges a published model on the rows to test on.
 *
 * @throws InputError where no row can be tested on.
 */
export async function evaluateModel(
  model: EvaluatedModel,
  data: EvaluationData,
  settings: EvaluationSettings,
): Promise<FileEvaluation> {
  const { timesteps, minCoverage } = model.scoring;
  const testSet = cutTestSet(data.whole, { ...data, timesteps, minCoverage });
  const detector = createModelDetector(model, undefined, settings.watchScores?.(model));
  const runs = [await judgeDetector(detector, testSet)];
  runs.push(...(await judgeBaselines(data.learnt, testSet, { ...settings, timesteps, minCoverage })));
  return describeFile(data.whole.files[0]!.file, testSet, runs);
}

async function judgeTrained(
  engine: TrainingEngine,
  trained: TrainedModel,
  testSet: TestSet,
  watchScores: WatchScores | undefined,
): Promise<DetectorRun> {
  const executable = await engine.compile(trained.network, trained.weights);
  try {
    const { scorers, threshold, options } = trained;
    const model = { ...trained, executable, scorer: scorers[0]!, threshold: threshold?.timestepValue };
    const detector = createModelDetector(model, options.seed, watchScores?.(model));
    return await judgeDetector(detector, testSet);
  } finally {
    await executable.close();
  }
}

/** Random scores, and the baselines that learn where there is something to learn from. */
async function judgeBaselines(
  learnt: Dataset | undefined,
  testSet: TestSet,
  settings: EvaluationSettings & BaselineOptions,
): Promise<DetectorRun[]> {
  const detectors = settings.seeds.map((seed) => createRandomDetector(seed, settings.falseAlarmRate));
  if (learnt !== undefined) {
    detectors.push(...(await fitBaselines(learnt, cutBaselineParts(learnt, settings), settings)));
  }
  const runs: DetectorRun[] = [];
  for (const detector of detectors) runs.push(await judgeDetector(detector, testSet));
  return runs;
}
