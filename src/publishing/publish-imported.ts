/** A model that was trained elsewhere and calibrated here becomes the next version in a store of models. */
import type { BundleContents } from "../registry/bundle-files.js";
import type { Published } from "../registry/model-store.js";
import type { CalibratedNetwork } from "../training/calibrate-network.js";
import { nestReadings, type PublishOptions, sectionsOf, withUnits } from "./publish.js";
import { publishOrKeep } from "./publish-or-keep.js";

/** Where the network of a model comes from, and how it became a model. */
export interface Origin {
  /** The family whose heads and kind of layers the network has. */
  readonly family: BundleContents["family"];
  readonly loss: BundleContents["loss"];
  /** What the file says of itself: its name, sha256, form and version. */
  readonly imported: Readonly<Record<string, unknown>>;
  /** Every option, those that were left out with their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** As `publish`. @throws InputError where the name is not one of a model. */
export function publishImported(
  model: CalibratedNetwork,
  { family, loss, imported, options: used }: Origin,
  { store, name, reading, taken }: PublishOptions,
): Promise<Published> {
  const { scoring, threshold } = model;
  return publishOrKeep(store, name, {
    network: model.network,
    weights: model.weights,
    family,
    features: withUnits(model.features, taken),
    scaler: scoring.scaler,
    clip: scoring.clip,
    minCoverage: scoring.minCoverage,
    loss,
    scorers: model.scorers,
    threshold: threshold ?? null,
    fitted: scoring.fitted,
    calibration: model.calibration,
    golden: model.examples,
    sampleBody: { windows: nestReadings(model) },
    sections: sectionsOf(model.behaviour, taken, reading),
    training: {
      imported,
      data: model.files,
      options: { ...reading, ...used },
      windows: model.windows,
    },
  });
}
