/** A network that was trained elsewhere becomes a model: normal data give its scaler, threshold and example windows. */
import type { Dataset } from "../data/dataset.js";
import type { Engine, Loss } from "../engine/engine.js";
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import type { FalseAlarms } from "../scoring/false-alarms.js";
import { errorOfLoss } from "../scoring/residuals.js";
import { fitScaler, type Scaler, type ScalerKind } from "../scoring/scaler.js";
import { prepareScoring } from "../scoring/scoring-model.js";
import { poolCalibration, scoreNormal } from "./calibration.js";
import { runExamples } from "./example-windows.js";
import { stepOf } from "./fit-alarms.js";
import { fitScorers } from "./fit-scorers.js";
import { chooseJudgement } from "./judgement.js";
import type { TrainedModel } from "./train-model.js";
import { gatherRows } from "./window-reader.js";
import { splitDataset } from "./window-set.js";

export interface CalibrateNetworkOptions {
  /** Rows between the starts of two windows. */
  readonly stride: number;
  readonly loss: Loss;
  /** The share of the windows that sets the threshold; the rest fits the scaler and the scorers. */
  readonly calibration: number;
  /** The kind that is fitted on the data, or the scaler that the network was trained with. */
  readonly scaler: ScalerKind | Omit<Scaler, "mean">;
  readonly clip: number | null;
  /** Windows with a smaller share of readings present are left out, and get no verdict. */
  readonly minCoverage: number;
  readonly falseAlarmRate: number;
  /** The events that a series of normal data may have, in place of that rate. */
  readonly falseAlarms: FalseAlarms | undefined;
  /** A score above which a window or timestep is anomalous, in place of a calibrated one. */
  readonly threshold: number | undefined;
}

/** Called while a model is calibrated; each is optional. */
export interface CalibrateNetworkEvents {
  readonly onNote?: (sentence: string) => void;
  readonly onCalibration?: (done: number, of: number) => void;
}

/** What a bundle is made of, but for what only training here knows. */
export type CalibratedNetwork = Pick<
  TrainedModel,
  | "files"
  | "features"
  | "network"
  | "weights"
  | "scoring"
  | "scorers"
  | "calibration"
  | "threshold"
  | "behaviour"
  | "windows"
  | "examples"
>;

/**
 * @param dataset normal data, with the features of the network in its order
 * @throws InputError where they have too few rows.
 */
export async function calibrateNetwork(
  engine: Engine,
  dataset: Dataset,
  { network, weights }: { readonly network: Network; readonly weights: Weights },
  options: CalibrateNetworkOptions,
  events: CalibrateNetworkEvents = {},
): Promise<CalibratedNetwork> {
  const stepMs = stepOf(dataset, options.falseAlarms);
  const { timesteps, features } = network;
  const split = splitDataset(dataset, { ...options, timesteps, validation: 0 });
  for (const note of split.notes) events.onNote?.(note);
  const rows = gatherRows(dataset, split.fit, timesteps);
  const description = {
    timesteps,
    features,
    heads: network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    scaler: scalerFor(options.scaler, rows, features),
    clip: options.clip,
    minCoverage: options.minCoverage,
    loss: options.loss,
  };
  const executable = await engine.compile(network, weights);
  try {
    const fitted = await fitScorers(executable, prepareScoring(description), dataset, split.fit);
    const scoring = prepareScoring({ ...description, fitted });
    const isCalibrated = split.calibration.count > 0;
    const normal = isCalibrated
      ? await scoreNormal(executable, scoring, dataset, split.calibration, {
          stride: options.stride,
          onWindows: events.onCalibration,
        })
      : undefined;
    const calibration = normal === undefined ? undefined : poolCalibration([normal]);
    const scorer = errorOfLoss(options.loss);
    return {
      files: dataset.files.map(({ file, rows: count, sha256 }) => ({ file, rows: count, sha256 })),
      features: dataset.features,
      network,
      weights,
      scoring,
      calibration,
      ...chooseJudgement(
        scorer,
        calibration,
        normal?.parts ?? [],
        { ...options, timesteps, stepMs },
        events.onNote,
      ),
      windows: { fit: split.fit.count, validation: 0, calibration: split.calibration.count },
      examples: await runExamples(executable, scoring, dataset, isCalibrated ? split.calibration : split.fit),
    };
  } finally {
    await executable.close();
  }
}

function scalerFor(scaler: CalibrateNetworkOptions["scaler"], rows: Float64Array, features: number): Scaler {
  if (typeof scaler === "string") return fitScaler(scaler, rows, features);
  // The mean of the data stands in for a missing reading.
  const { mean } = fitScaler("none", rows, features);
  return mean === undefined ? scaler : { ...scaler, mean };
}
