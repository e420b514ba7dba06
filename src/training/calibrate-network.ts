/** A network that was trained elsewhere becomes a model: normal data give its scaler, threshold and example windows. */
import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/engine.js";
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import { fitScaler, type Scaler, type ScalerKind } from "../scoring/scaler.js";
import { type FinishEvents, type FinishedModel, type FinishOptions, finishModel } from "./finish-model.js";
import { checkReadings, gatherRows } from "./window-reader.js";
import { splitDataset } from "./window-set.js";

export interface CalibrateNetworkOptions extends FinishOptions {
  /** The share of the windows that sets the threshold; the rest fits the scaler and the scorers. */
  readonly calibration: number;
  /** The kind that is fitted on the data, or the scaler that the network was trained with. */
  readonly scaler: ScalerKind | Omit<Scaler, "mean">;
  readonly clip: number | null;
  readonly minCoverage: number;
}

/**
 * @param dataset normal data, with the features of the network in its order
 * @throws InputError where they have too few rows.
 */
export function calibrateNetwork(
  engine: Engine,
  dataset: Dataset,
  { network, weights }: { readonly network: Network; readonly weights: Weights },
  options: CalibrateNetworkOptions,
  events: FinishEvents = {},
): Promise<FinishedModel> {
  const { timesteps, features } = network;
  const split = splitDataset(dataset, { ...options, timesteps, validation: 0 });
  for (const note of split.notes) events.onNote?.(note);
  const rows = gatherRows(dataset, split.fit, timesteps);
  checkReadings(rows, dataset.features);
  const description = {
    timesteps,
    features,
    heads: network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    scaler: scalerFor(options.scaler, rows, features),
    clip: options.clip,
    minCoverage: options.minCoverage,
    loss: options.loss,
  };
  const unfinished = { network, weights, dataset, split, description, normal: split.fit };
  return finishModel(engine, unfinished, options, events);
}

function scalerFor(scaler: CalibrateNetworkOptions["scaler"], rows: Float64Array, features: number): Scaler {
  if (typeof scaler === "string") return fitScaler(scaler, rows, features);
  // The mean of the data stands in for a missing reading.
  const { mean } = fitScaler("none", rows, features);
  return mean === undefined ? scaler : { ...scaler, mean };
}
