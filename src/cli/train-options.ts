/** The options of `train`: what is typed, and what training is asked to do. */
import { type Command, Option } from "commander";
import { InputError } from "../errors.js";
import { buildNetwork, FAMILIES, type Family, isRecurrent } from "../network/architectures.js";
import type { Corruption } from "../network/network.js";
import { SCALER_KINDS, type ScalerKind } from "../scoring/scaler.js";
import type { TrainOptions } from "../training/train-model.js";
import { addDataOptions, type DataOptions } from "./data-options.js";
import {
  corruption,
  finiteNumber,
  nameList,
  numberAbove1,
  positiveNumber,
  rate,
  seed,
  share,
  unitList,
  wholeNumber,
} from "./option-values.js";
import { UsageError } from "./usage-error.js";

/** What a network is, and how it is fitted and calibrated: shared with `evaluate`. */
export interface FittingFlags extends DataOptions {
  readonly family: Family;
  readonly columns?: string[];
  readonly timesteps: number;
  readonly horizon?: number;
  readonly reverse?: true;
  readonly stride: number;
  readonly units: number[];
  readonly activation: "tanh" | "relu";
  readonly loss: "mse" | "mae";
  readonly epochs?: number;
  readonly batchSize: number;
  readonly windowsPerEpoch: number;
  readonly learningRate: number;
  readonly patience?: number;
  readonly validation: number;
  readonly calibration: number;
  readonly scaler: ScalerKind;
  readonly clip?: number;
  readonly corruption?: Corruption;
  readonly slowTrend?: number;
  readonly amplitude?: number;
  readonly falseAlarmRate: number;
  readonly threshold?: number;
}

export interface TrainFlags extends FittingFlags {
  readonly name: string;
  readonly labelColumn?: string;
  readonly seed: number;
  readonly models?: string;
}

const CLIP_NORM = 1;
const MIN_COVERAGE = 0.5;
const DEFAULT_CLIP = 20;
const DENOISING: Corruption = { kind: "masking", rate: 0.3 };

export function addTrainOptions(command: Command): Command {
  command
    .argument("<csv...>", "data files, gzipped or not")
    .requiredOption("--name <name>", "name of the model")
    .option("--label-column <name>", "rows that are not 0 there are anomalous, and not learnt from");
  return addFittingOptions(command)
    .option("--seed <number>", "the same seed and data give the same model", seed, 1)
    .option("--models <folder>", "folder of models (default: RESIDUA_MODELS, or models)");
}

export function addFittingOptions(command: Command): Command {
  command
    .addOption(
      new Option("--family <family>", "kind of autoencoder").choices(FAMILIES).default("reconstruction"),
    )
    .option(
      "--columns <names>",
      "features, with commas between (default: every numeric column but time, label and group)",
      nameList,
    );
  return addDataOptions(command)
    .option("--timesteps <rows>", "rows of a window", wholeNumber(1), 32)
    .option("--horizon <rows>", "rows after those that the prediction head answers for", wholeNumber(1))
    .option("--reverse", "reconstruction decoders give the last row first")
    .option("--stride <rows>", "rows between the starts of two windows", wholeNumber(1), 1)
    .option("--units <list>", "of the encoder's layers, outermost first: 64, or 64,16", unitList, [64])
    .addOption(
      new Option("--activation <name>", "of the hidden layers").choices(["tanh", "relu"]).default("tanh"),
    )
    .addOption(
      new Option("--loss <name>", "squared or absolute errors").choices(["mse", "mae"]).default("mse"),
    )
    .option(
      "--epochs <count>",
      "the most epochs (default: 100, more where an epoch has few steps)",
      wholeNumber(1),
    )
    .option("--batch-size <windows>", "windows of a step", wholeNumber(1, 65_536), 32)
    .option(
      "--windows-per-epoch <count>",
      "an epoch takes at most this many windows, drawn anew for each",
      wholeNumber(1),
      8192,
    )
    .option(
      "--learning-rate <rate>",
      "of Adam; halved where the validation loss stands still",
      positiveNumber,
      3e-3,
    )
    .option(
      "--patience <epochs>",
      "epochs without a better validation loss before it stops; 0 never (default: 10, or more, as for --epochs)",
      wholeNumber(0),
    )
    .option("--validation <share>", "share of the windows that says when to stop", share, 0.1)
    .option("--calibration <share>", "share of the windows that sets the threshold", share, 0.2)
    .addOption(
      new Option("--scaler <kind>", "how readings are scaled").choices(SCALER_KINDS).default("standard"),
    )
    .option(
      "--clip <limit>",
      "scaled readings are clipped there (default: 20; none with --scaler none)",
      positiveNumber,
    )
    .option(
      "--corruption <kind>",
      "masking:SHARE or gaussian:STDDEV (default for denoising: masking:0.3)",
      corruption,
    )
    .option(
      "--slow-trend <size>",
      "where features drift together: shift windows while fitting, by up to so many times a slow change of their series",
      positiveNumber,
    )
    .option(
      "--amplitude <most>",
      "where normal operation differs in size: enlarge windows while fitting, by a factor between 1 and this",
      numberAbove1,
    )
    .option("--false-alarm-rate <share>", "share of normal windows that may be flagged", rate, 0.01)
    .option(
      "--threshold <value>",
      "score above which a window is anomalous, in place of a calibrated one",
      finiteNumber,
    );
}

/** Throws UsageError where options contradict each other. */
export function toTrainOptions(flags: FittingFlags & { readonly seed: number }): TrainOptions {
  if (flags.validation + flags.calibration >= 1) {
    throw new UsageError("--validation and --calibration together have to leave a share to fit on: below 1.");
  }
  if (!isRecurrent(flags.family) && flags.horizon !== undefined) {
    throw new UsageError(
      `--horizon needs a prediction head: --family prediction or composite, not ${flags.family}.`,
    );
  }
  const architecture = {
    family: flags.family,
    timesteps: flags.timesteps,
    horizon: flags.horizon,
    units: flags.units,
    activation: flags.activation,
    reverse: flags.reverse,
  };
  try {
    // With one feature, since only the data say how many there are; what is wrong already is wrong usage.
    buildNetwork({ ...architecture, features: 1 });
  } catch (error) {
    throw error instanceof InputError ? new UsageError(error.message) : error;
  }
  return {
    architecture,
    stride: flags.stride,
    loss: flags.loss,
    epochs: flags.epochs,
    batchSize: flags.batchSize,
    learningRate: flags.learningRate,
    patience: flags.patience,
    clipNorm: CLIP_NORM,
    windowsPerEpoch: flags.windowsPerEpoch,
    validation: flags.validation,
    calibration: flags.calibration,
    scaler: flags.scaler,
    clip: flags.clip ?? (flags.scaler === "none" ? null : DEFAULT_CLIP),
    minCoverage: MIN_COVERAGE,
    corruption: flags.corruption ?? (flags.family === "denoising" ? DENOISING : undefined),
    slowTrend: flags.slowTrend,
    amplitude: flags.amplitude,
    falseAlarmRate: flags.falseAlarmRate,
    threshold: flags.threshold,
    seed: flags.seed,
  };
}
