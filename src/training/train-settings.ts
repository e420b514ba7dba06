/** What a training is asked to do, and who watches it. */
import type { Loss } from "../engine/engine.js";
import type { ArchitectureOptions } from "../network/architectures.js";
import type { Corruption } from "../network/network.js";
import type { Calendar } from "../scoring/calendar.js";
import type { FalseAlarms } from "../scoring/false-alarms.js";
import type { ScalerKind } from "../scoring/scaler.js";
import type { AugmentationOptions } from "./augmentation.js";
import type { EpochRecord } from "./fit.js";
import type { LinearPathTraining } from "./linear-path.js";

/** Everything that training depends on, beside the data. */
export interface TrainOptions extends AugmentationOptions {
  readonly architecture: Omit<ArchitectureOptions, "features" | "covariates" | "timesteps" | "linearPath"> & {
    /** "auto": as `chooseWindowLength` finds it in the normal rows. */
    readonly timesteps: number | "auto";
  };
  /** The share of the variance that the linear path's components hold; null for no linear path. */
  readonly linearPath: number | null;
  /** Whether the linear path is trained with the network; it has no meaning without a path. */
  readonly linearPathTraining: LinearPathTraining;
  /** Rows between the starts of two windows; undefined for what `defaultStride` says. */
  readonly stride: number | undefined;
  readonly loss: Loss;
  /** Undefined, like `patience`, for what `defaultBudget` says. */
  readonly epochs: number | undefined;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly patience: number | undefined;
  readonly clipNorm: number;
  /** Undefined for what `defaultEpochWindows` says. */
  readonly windowsPerEpoch: number | undefined;
  /** The share of the windows of a fit that decides when it stops. */
  readonly validation: number;
  /** How many forward folds calibrate; 0 to hold back the share `calibration` instead. */
  readonly folds: number;
  readonly calibration: number;
  readonly scaler: ScalerKind;
  readonly clip: number | null;
  /** What the network reads of the time of each row; undefined for nothing. */
  readonly calendar?: Calendar | undefined;
  readonly minCoverage: number;
  readonly corruption: Corruption | undefined;
  readonly falseAlarmRate: number;
  /** How many events a series may be wrongly told to have; undefined where its timesteps keep the rate. */
  readonly falseAlarms: FalseAlarms | undefined;
  /** A score above which a window or timestep is anomalous, in place of a calibrated one. */
  readonly threshold: number | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Options in which nothing is left to be chosen from the data but the length of a training. */
export interface SettledOptions extends TrainOptions {
  readonly architecture: TrainOptions["architecture"] & { readonly timesteps: number };
  readonly stride: number;
  readonly windowsPerEpoch: number;
}

/** The rows of a window, those of a horizon included. */
export function windowRows({ architecture }: SettledOptions): number {
  return architecture.timesteps + (architecture.horizon ?? 0);
}

/** How many windows there are for each purpose. With folds, those to calibrate with are also fitted on in the end. */
export interface WindowCounts {
  readonly fit: number;
  readonly validation: number;
  readonly calibration: number;
}

/** Called while training runs; each is optional. */
export interface TrainEvents {
  /** A sentence on something that may be wrong. */
  readonly onNote?: (sentence: string) => void;
  /** A line on something that was chosen from the data: "window: 84 rows = 1 x 84: the strongest period of `value`". */
  readonly onChoice?: (line: string) => void;
  readonly onSplit?: (windows: WindowCounts, folds: number) => void;
  /** A fit begins: of a fold, or the last one. */
  readonly onFit?: (fit: { stage: FitStage; epochs: number }) => void;
  readonly onStep?: (step: { epoch: number; windows: number; of: number }) => void;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  /** The last fit is over; what is left is quick. */
  readonly onFitted?: () => void;
  readonly onCalibration?: (done: number, of: number) => void;
}

/** Fold `number` of `of`, from 1 on; number 0 for the last fit. */
export interface FitStage {
  readonly number: number;
  readonly of: number;
}
