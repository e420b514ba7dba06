/**
 * Trains a model, from series to all that is published:
 *
 *   split -> scaler (fit rows) -> network, first weights -> fit -> executable -> fit scorers -> calibrate -> threshold
 */

import type { Dataset } from "../data/dataset.js";
import type { Loss, TrainingEngine } from "../engine/engine.js";
import { type ArchitectureOptions, buildNetwork } from "../network/architectures.js";
import type { Corruption, Network } from "../network/network.js";
import { initialWeights } from "../network/weights.js";
import { fitScaler, type ScalerKind } from "../scoring/scaler.js";
import { prepareScoring } from "../scoring/scoring-model.js";
import { type Augmentation, type AugmentationOptions, createAugmentation } from "./augmentation.js";
import { type FinishedModel, finishModel } from "./finish-model.js";
import { defaultBudget, type EpochRecord, type FitResult, fit } from "./fit.js";
import { checkReadings, createWindowSource, gatherRows, type WindowSource } from "./window-reader.js";
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

/** What training gives: all that a bundle is made of. */
export interface TrainedModel extends FinishedModel {
  /** What was asked for, without the signal. */
  readonly options: TrainOptions;
  readonly fit: FitResult;
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
  const finished = await finishModel(
    engine,
    {
      network,
      weights: fitted.weights,
      dataset,
      split,
      description,
      // Residuals of windows that the weights were fitted on are smaller than those of new ones.
      normal: windows.validation > 0 ? split.validation : split.fit,
    },
    options,
    events,
  );
  const { signal: _, ...recorded } = options;
  return { options: recorded, fit: fitted, ...finished };
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
