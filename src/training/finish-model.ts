/** What follows once a network has its weights: executable -> fit scorers -> calibrate -> threshold -> example windows. */
import type { Dataset } from "../data/dataset.js";
import type { Engine, Loss } from "../engine/engine.js";
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import { errorOfLoss } from "../scoring/residuals.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration, ThresholdMethod } from "../scoring/thresholds.js";
import { calibrate, chooseThresholds } from "./calibration.js";
import { type ExampleWindows, runExamples } from "./example-windows.js";
import { fitScorers } from "./fit-scorers.js";
import type { Split, WindowSet } from "./window-set.js";

/** How a network with weights becomes a model. */
export interface FinishOptions {
  /** Rows between the starts of two windows. */
  readonly stride: number;
  readonly loss: Loss;
  readonly falseAlarmRate: number;
  /** A score above which a window or timestep is anomalous, in place of a calibrated one. */
  readonly threshold: number | undefined;
}

/** Called while a model is calibrated; each is optional. */
export interface FinishEvents {
  readonly onNote?: (sentence: string) => void;
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

/** A model that can be published, however it came by its weights. */
export interface FinishedModel {
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
  readonly windows: { readonly fit: number; readonly validation: number; readonly calibration: number };
  readonly examples: ExampleWindows;
}

/** A network with weights, and the data that it is finished with. */
export interface Unfinished {
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly description: Parameters<typeof prepareScoring>[0];
  /** The windows that scorers are fitted on. */
  readonly normal: WindowSet;
}

/** Throws InputError where the data are too few for a scorer. */
export async function finishModel(
  engine: Engine,
  { network, weights, dataset, split, description, normal }: Unfinished,
  options: FinishOptions,
  events: FinishEvents,
): Promise<FinishedModel> {
  const executable = await engine.compile(network, weights);
  try {
    const parameters = await fitScorers(executable, prepareScoring(description), dataset, normal);
    const scoring = prepareScoring({ ...description, fitted: parameters });
    const isCalibrated = split.calibration.count > 0;
    const calibration = isCalibrated
      ? await calibrate(executable, scoring, dataset, split.calibration, {
          stride: options.stride,
          onWindows: events.onCalibration,
        })
      : undefined;
    const scorer = errorOfLoss(options.loss);
    return {
      files: dataset.files.map(({ file, rows, sha256 }) => ({ file, rows, sha256 })),
      features: dataset.features,
      network,
      weights,
      scoring,
      scorers: isCalibrated ? [scorer, ...SCORER_NAMES.filter((other) => other !== scorer)] : [scorer],
      calibration,
      threshold: chooseThreshold(options, scorer, calibration, events),
      windows: {
        fit: split.fit.count,
        validation: split.validation.count,
        calibration: split.calibration.count,
      },
      examples: await runExamples(executable, scoring, dataset, isCalibrated ? split.calibration : split.fit),
    };
  } finally {
    await executable.close();
  }
}

function chooseThreshold(
  options: FinishOptions,
  scorer: ScorerName,
  calibration: Calibration | undefined,
  events: FinishEvents,
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
