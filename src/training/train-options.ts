/** The options of training, declared once for every front end, and what training makes of them. */
import {
  choice,
  finiteNumber,
  numberAbove1,
  type OptionValues,
  option,
  optionOr,
  positiveNumber,
  rate,
  share,
  wholeNumber,
} from "../data/option-values.js";
import { COLUMNS_OPTION, FILE_OPTIONS } from "../data/reading-options.js";
import { InputError } from "../errors.js";
import { buildNetwork, CELLS, FAMILIES, type Family, isRecurrent } from "../network/architectures.js";
import type { Corruption } from "../network/network.js";
import { calendarWidth } from "../scoring/calendar.js";
import { parseFalseAlarms } from "../scoring/false-alarms.js";
import { LOSSES } from "../scoring/losses.js";
import { SCALER_KINDS } from "../scoring/scaler.js";
import { calendarOf, calendarParts } from "./calendar-options.js";
import { LINEAR_PATH_TRAININGS } from "./linear-path.js";
import { linearPathOf } from "./linear-path-options.js";
import { corruption, shareOrOff, timestepsOrAuto, unitList } from "./option-parsers.js";
import type { TrainOptions } from "./train-settings.js";

/** The share of the windows that is held back to calibrate with where there are no forward folds. */
export const DEFAULT_CALIBRATION = 0.2;
export const DEFAULT_FOLDS = 3;

/** What a network is, and how it is fitted and calibrated: the options that training and evaluation share. */
export const FITTING_OPTIONS = {
  family: choice(
    "family",
    "kind of autoencoder (default: dense; reconstruction, of LSTMs, where --cell or --reverse is given)",
    FAMILIES,
  ),
  columns: COLUMNS_OPTION,
  ...FILE_OPTIONS,
  timesteps: optionOr(
    "rows",
    "rows of a window; auto: one or more periods where one feature repeats, else by the number of rows, up to 64",
    timestepsOrAuto,
    "auto" as number | "auto",
  ),
  horizon: option("rows", "rows after those, for which the prediction head answers", wholeNumber(1)),
  reverse: { help: "reconstruction decoders give the last row first", oppositeHelp: undefined },
  linearPath: option(
    "share",
    "beside the network, a linear path of principal components with this share of the variance of windows; off: none (default: 0.7; off with a prediction head or --reverse)",
    shareOrOff,
  ),
  linearPathTraining: choice(
    "kind",
    "fixed: the linear path keeps these components, and the network reads what it leaves; joint: it begins with them, and is trained with the network, which reads the window (default: fixed)",
    LINEAR_PATH_TRAININGS,
  ),
  stride: option(
    "rows",
    "rows between the starts of two windows (default: 1, more where windows of more than 64 rows are many)",
    wholeNumber(1),
  ),
  units: option(
    "list",
    "units of the encoder's layers, outermost first (default: 64,16 for dense, 64 for all others)",
    unitList,
  ),
  cell: choice("name", "kind of recurrent layer (default: lstm)", CELLS),
  activation: choice("name", "activation of the hidden layers", ["tanh", "relu"], "tanh"),
  loss: choice("name", "squared or absolute errors", LOSSES, "mse"),
  epochs: option(
    "count",
    "the most epochs (default: 100, more where an epoch has few steps)",
    wholeNumber(1),
  ),
  batchSize: optionOr("windows", "windows of a step", wholeNumber(1, 65_536), 32),
  windowsPerEpoch: option(
    "count",
    "the most windows of an epoch; where there are more, each epoch draws its own (default: 8192, fewer where they have more than 32 rows)",
    wholeNumber(1),
  ),
  learningRate: optionOr(
    "rate",
    "learning rate of Adam; halved while the validation loss does not improve",
    positiveNumber,
    3e-3,
  ),
  patience: option(
    "epochs",
    "epochs without a better validation loss before training stops; 0 for never (default: 10, more where an epoch has few steps)",
    wholeNumber(0),
  ),
  validation: optionOr("share", "share of the windows of a fit that decides when it stops", share, 0.1),
  folds: option(
    "count",
    "forward folds: so many times, a network is fitted on the first rows and scores the rows after them, and these scores set the threshold; the last fit is on all rows. 0: hold back --calibration instead (default: 3)",
    wholeNumber(0, 20),
  ),
  calibration: option(
    "share",
    "in place of --folds: share of the windows, the last ones, that sets the threshold and is not fitted on (default with --folds 0: 0.2)",
    share,
  ),
  scaler: choice("kind", "how readings are scaled", SCALER_KINDS, "standard"),
  clip: option(
    "limit",
    "scaled readings are clipped to this limit (default: 20; none with --scaler none)",
    positiveNumber,
  ),
  calendar: option(
    "parts",
    "hour, weekday or hour,weekday: the network also reads sine and cosine of these, which it does not reconstruct, in --time-zone; every row then needs its time, in requests too",
    calendarParts,
  ),
  corruption: option(
    "kind",
    "masking:SHARE or gaussian:STDDEV (default for denoising: masking:0.3)",
    corruption,
  ),
  slowTrend: option(
    "size",
    "where features drift together: while fitting, shift windows by up to this many times a slow change of their series",
    positiveNumber,
  ),
  amplitude: option(
    "most",
    "where normal operation differs in size: while fitting, enlarge windows by a factor between 1 and this",
    numberAbove1,
  ),
  falseAlarmRate: optionOr("share", "share of normal windows that may be flagged", rate, 0.01),
  falseAlarms: option(
    "count/unit",
    "in place of that rate, wrong events in a series: 1/week, 0.5/day (hour, day, week, month, 1000rows)",
    parseFalseAlarms,
  ),
  threshold: option(
    "value",
    "score above which a window is anomalous, in place of a calibrated one",
    finiteNumber,
  ),
} as const;

/** The values of FITTING_OPTIONS. */
export type FittingValues = OptionValues<typeof FITTING_OPTIONS>;

/** A narrow inner layer leaves less of an anomaly in the reconstruction; measured for dense layers on the public data sets. */
const DENSE_UNITS = [64, 16];
const OTHER_UNITS = [64];
/** A window length with which the options of a network can be checked before the real one is known. */
const ANY_TIMESTEPS = 32;
/** Largest L2 norm of the gradients of a step. */
const CLIP_NORM = 1;
const MIN_COVERAGE = 0.5;
/** Scaled readings are clipped here, unless they are not scaled. */
const DEFAULT_CLIP = 20;
const DENOISING: Corruption = { kind: "masking", rate: 0.3 };

/**
 * What `trainModel` takes, from the values of options. The number of features is not known yet, so the network is
 * checked for one feature.
 *
 * @throws InputError where options contradict each other.
 */
export function toTrainOptions(values: FittingValues, seed: number): TrainOptions {
  if (values.folds !== undefined && values.calibration !== undefined) {
    throw new InputError(
      "--folds and --calibration are two ways to set the threshold: take one of them (--calibration alone goes without folds).",
    );
  }
  const calibration = values.calibration ?? DEFAULT_CALIBRATION;
  const folds = values.calibration === undefined ? (values.folds ?? DEFAULT_FOLDS) : 0;
  if (folds === 0 && values.validation + calibration >= 1) {
    throw new InputError("--validation and --calibration together have to leave a share to fit on: below 1.");
  }
  if (values.falseAlarms !== undefined && values.threshold !== undefined)
    throw new InputError("--false-alarms sets a threshold, so --threshold cannot stand beside it.");
  const family = chooseFamily(values);
  if (!isRecurrent(family) && values.horizon !== undefined) {
    throw new InputError(
      `--horizon needs a prediction head: --family prediction or composite, not ${family}.`,
    );
  }
  const architecture = {
    family,
    timesteps: values.timesteps,
    horizon: values.horizon,
    units: values.units ?? (family === "dense" ? DENSE_UNITS : OTHER_UNITS),
    activation: values.activation,
    cell: values.cell,
    reverse: values.reverse,
  };
  const { timesteps } = values;
  const calendar = calendarOf(values.calendar, values.timeZone);
  buildNetwork({
    ...architecture,
    timesteps: timesteps === "auto" ? ANY_TIMESTEPS : timesteps,
    features: 1,
    covariates: calendar && calendarWidth(calendar),
  });
  return {
    architecture,
    ...linearPathOf(family, values),
    stride: values.stride,
    loss: values.loss,
    epochs: values.epochs,
    batchSize: values.batchSize,
    learningRate: values.learningRate,
    patience: values.patience,
    clipNorm: CLIP_NORM,
    windowsPerEpoch: values.windowsPerEpoch,
    validation: values.validation,
    folds,
    calibration,
    scaler: values.scaler,
    clip: values.clip ?? (values.scaler === "none" ? null : DEFAULT_CLIP),
    calendar,
    minCoverage: MIN_COVERAGE,
    corruption: values.corruption ?? (family === "denoising" ? DENOISING : undefined),
    slowTrend: values.slowTrend,
    amplitude: values.amplitude,
    falseAlarmRate: values.falseAlarmRate,
    falseAlarms: values.falseAlarms,
    threshold: values.threshold,
    seed,
  };
}

/**
 * Dense layers where nobody says: on what a linear path leaves, they were as good as LSTMs on most public series on which
 * both were measured (docs/detection-quality.md), and are fitted in a tenth of the time. What only a recurrent network can
 * do asks for one.
 */
function chooseFamily({ family, cell, reverse }: FittingValues): Family {
  if (family !== undefined) return family;
  return cell !== undefined || reverse === true ? "reconstruction" : "dense";
}
