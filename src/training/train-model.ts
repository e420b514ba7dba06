/**
 * Trains a model, from series to all that is published:
 *
 *   split -> scaler (fit rows) -> network, first weights -> fit -> executable -> fit scorers -> calibrate -> threshold
 */

import type { Dataset } from "../data/dataset.js";
import { listNames } from "../data/table.js";
import type { Loss, TrainingEngine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { type ArchitectureOptions, buildNetwork } from "../network/architectures.js";
import type { Corruption, Network } from "../network/network.js";
import { initialWeights, type Weights } from "../network/weights.js";
import { errorOfLoss } from "../scoring/residuals.js";
import { fitScaler, type ScalerKind } from "../scoring/scaler.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration, ThresholdMethod } from "../scoring/thresholds.js";
import { type Augmentation, type AugmentationOptions, createAugmentation } from "./augmentation.js";
import { calibrate, chooseThresholds } from "./calibration.js";
import { type ExampleWindows, runExamples } from "./example-windows.js";
import { defaultBudget, type EpochRecord, type FitResult, fit } from "./fit.js";
import { fitScorers } from "./fit-scorers.js";
import { createWindowSource, gatherRows, type WindowSource } from "./window-reader.js";
import { splitDataset } from "./window-set.js";

/** Everything that training depends on, beside the data. */
export interface TrainOptions extends AugmentationOptions {
  readonly architecture: Omit<ArchitectureOptions, "features">;
  readonly stride: number;
  readonly loss: Loss;
  /** Undefined, like `patience`, for what `defaultBudget` says. */
  readonly epochs: number | undefined;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly patience: number | undefined;
  readonly clipNorm: number;
  readonly windowsPerEpoch: number;
  readonly validation: number;
  readonly calibration: number;
  readonly scaler: ScalerKind;
  readonly clip: number | null;
  readonly minCoverage: number;
  readonly corruption: Corruption | undefined;
  readonly falseAlarmRate: number;
  /** A score above which a window or timestep is anomalous, in place of a calibrated one. */
  readonly threshold: number | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Called while training runs; each is optional. */
export interface TrainEvents {
  readonly onNote?: (sentence: string) => void;
  readonly onSplit?: (windows: TrainedModel["windows"], epochs: number) => void;
  readonly onStep?: (step: { epoch: number; windows: number; of: number }) => void;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  /** The network is fitted; calibration comes next. */
  readonly onFitted?: () => void;
  readonly onCalibration?: (done: number, of: number) => void;
}

/** The threshold of a model, and where it comes from. */
export interface ModelThreshold {
  readonly method: ThresholdMethod;
  readonly scorer: ScorerName;
  readonly falseAlarmRate: number | null;
  readonly value: number;
  readonly timestepValue: number;
}

/** A data file that was learnt from. */
export interface TrainingFile {
  readonly file: string;
  readonly rows: number;
  /** sha256, in hex, of the file as it stands on disk. */
  readonly sha256: string;
}

/** What training gives: all that a bundle is made of. */
export interface TrainedModel {
  /** What was asked for, without the signal. */
  readonly options: TrainOptions;
  readonly files: readonly TrainingFile[];
  /** [F]: the features' names. */
  readonly features: readonly string[];
  readonly network: Network;
  readonly weights: Weights;
  readonly scoring: ScoringModel;
  /** The scorers that requests can ask for, the default first. */
  readonly scorers: readonly ScorerName[];
  readonly calibration: Calibration | undefined;
  readonly threshold: ModelThreshold | undefined;
  readonly fit: FitResult;
  readonly windows: { readonly fit: number; readonly validation: number; readonly calibration: number };
  readonly examples: ExampleWindows;
}

/**
 * Trains one model. The same data set and options give the same bytes, on any number of threads.
 *
 * Throws InputError where the data have too few rows, or training diverges.
 */
export async function trainModel(
  engine: TrainingEngine,
  dataset: Dataset,
  options: TrainOptions,
  events: TrainEvents = {},
): Promise<TrainedModel> {
  const features = dataset.features.length;
  const network = buildNetwork({ ...options.architecture, features });
  const split = splitDataset(dataset, { ...options, timesteps: network.timesteps });
  for (const note of split.notes) events.onNote?.(note);
  const windows = {
    fit: split.fit.count,
    validation: split.validation.count,
    calibration: split.calibration.count,
  };
  events.onSplit?.(windows, options.epochs ?? defaultBudget(windows.fit, options).epochs);
  const rows = gatherRows(dataset, split.fit, network.timesteps);
  checkReadings(rows, dataset.features);
  const description = {
    timesteps: network.timesteps,
    features,
    heads: network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    scaler: fitScaler(options.scaler, rows, features),
    clip: options.clip,
    minCoverage: options.minCoverage,
    loss: options.loss,
  };
  const unfitted = prepareScoring(description);
  const source = createWindowSource(dataset, split.fit, unfitted);
  const fitted = await fitNetwork(engine, network, options, events, {
    fit: source,
    validation: createWindowSource(dataset, split.validation, unfitted),
    augmentation: createAugmentation(split.fit, source, unfitted, options),
  });
  events.onFitted?.();
  const executable = await engine.compile(network, fitted.weights);
  try {
    // Residuals of windows that the weights were fitted on are smaller than those of new ones.
    const normal = windows.validation > 0 ? split.validation : split.fit;
    const parameters = await fitScorers(executable, unfitted, dataset, normal);
    const scoring = prepareScoring({ ...description, fitted: parameters });
    const calibration =
      windows.calibration === 0
        ? undefined
        : await calibrate(executable, scoring, dataset, split.calibration, {
            stride: options.stride,
            onWindows: events.onCalibration,
          });
    const scorer = errorOfLoss(options.loss);
    const scorers =
      calibration === undefined ? [scorer] : [scorer, ...SCORER_NAMES.filter((other) => other !== scorer)];
    const threshold = chooseThreshold(options, scorer, calibration, events);
    const exampleSet = windows.calibration > 0 ? split.calibration : split.fit;
    const examples = await runExamples(executable, scoring, dataset, exampleSet);
    const { signal: _, ...recorded } = options;
    return {
      options: recorded,
      files: dataset.files.map(({ file, rows, sha256 }) => ({ file, rows, sha256 })),
      features: dataset.features,
      network,
      weights: fitted.weights,
      scoring,
      scorers,
      calibration,
      threshold,
      fit: fitted,
      windows,
      examples,
    };
  } finally {
    await executable.close();
  }
}

async function fitNetwork(
  engine: TrainingEngine,
  network: Network,
  options: TrainOptions,
  events: TrainEvents,
  {
    fit: windows,
    validation,
    augmentation,
  }: { fit: WindowSource; validation: WindowSource; augmentation: Augmentation | undefined },
): Promise<FitResult> {
  const trainer = await engine.train(network, initialWeights(network, options.seed), {
    loss: options.loss,
    seed: options.seed,
  });
  try {
    return await fit(trainer, windows, validation, {
      ...options,
      augmentation,
      onStep: events.onStep,
      onEpoch: events.onEpoch,
    });
  } finally {
    await trainer.close();
  }
}

function checkReadings(rows: Float64Array, names: readonly string[]): void {
  const empty = names.filter((_, feature) => {
    for (let i = feature; i < rows.length; i += names.length) if (!Number.isNaN(rows[i]!)) return false;
    return true;
  });
  if (empty.length === 0) return;
  throw new InputError(
    `${listNames(empty)} ${empty.length === 1 ? "has" : "have"} no reading in the rows that are fitted on; leave it out with --columns.`,
  );
}

function chooseThreshold(
  options: TrainOptions,
  scorer: ScorerName,
  calibration: Calibration | undefined,
  events: TrainEvents,
): ModelThreshold | undefined {
  if (options.threshold !== undefined) {
    const value = options.threshold;
    return { method: "value", scorer, falseAlarmRate: null, value, timestepValue: value };
  }
  if (calibration === undefined) return undefined;
  const { warnings, ...chosen } = chooseThresholds(calibration, scorer, options.falseAlarmRate);
  for (const warning of warnings) events.onNote?.(warning);
  return { method: "conformal", scorer, ...chosen };
}
