/** A trained model becomes the next version in a folder of models. */
import type { ReadingValues } from "../data/reading-options.js";
import { publishBundle } from "../registry/bundle.js";
import type { BundleContents } from "../registry/bundle-files.js";
import type { FinishedModel } from "../training/finish-model.js";
import type { TrainedModel } from "../training/train-model.js";

/** Where a model is published. */
export interface PublishOptions {
  /** The folder of models; it is made where it does not exist. */
  readonly modelsFolder: string;
  /** The name of the model. */
  readonly name: string;
  /** How the data files were read: it goes into the training record. */
  readonly reading: ReadingValues;
}

/** The version that was published. */
export interface Published {
  readonly version: string;
  /** `<models folder>/<name>/<version>` */
  readonly folder: string;
  /** Of manifest.json, in hex. */
  readonly sha256: string;
}

/**
 * Writes the bundle of a trained model, under the next free version of its name. Readers see it only
 * when all of it is on the disk. No alias is changed, and nothing is printed.
 *
 * Throws InputError where the name is not one of a model.
 */
export function publish(trained: TrainedModel, options: PublishOptions): Promise<Published> {
  const { options: used, fit } = trained;
  const training = {
    data: trained.files,
    // Defaults are recorded too. What is undefined is left out of JSON.
    options: { ...options.reading, ...used },
    seed: used.seed,
    windows: trained.windows,
    stopped: fit.stopped,
    bestEpoch: fit.bestEpoch,
    losses: fit.epochs.map(({ loss, validationLoss, learningRate }) => ({
      loss,
      validationLoss: validationLoss ?? null,
      learningRate,
    })),
  };
  const contents = bundleContents(trained, used.architecture.family, used.loss, training);
  return publishBundle(options.modelsFolder, options.name, contents);
}

/** Where the network of a model that was trained elsewhere comes from, and how it became a model. */
export interface Origin {
  /** The family whose heads and kind of layers the network has. */
  readonly family: BundleContents["family"];
  readonly loss: BundleContents["loss"];
  /** What the file says of itself: its name, sha256, form and version. */
  readonly imported: Readonly<Record<string, unknown>>;
  /** Every option, those that were left out with their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** As `publish`, for a model that was calibrated here and trained elsewhere. */
export function publishImported(
  model: FinishedModel,
  { family, loss, imported, options: used }: Origin,
  options: PublishOptions,
): Promise<Published> {
  const training = {
    imported,
    data: model.files,
    options: { ...options.reading, ...used },
    windows: model.windows,
  };
  return publishBundle(options.modelsFolder, options.name, bundleContents(model, family, loss, training));
}

function bundleContents(
  model: FinishedModel,
  family: BundleContents["family"],
  loss: BundleContents["loss"],
  training: BundleContents["training"],
): BundleContents {
  const { scoring, threshold } = model;
  return {
    network: model.network,
    weights: model.weights,
    family,
    features: model.features.map((name) => ({ name, unit: null })),
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
    training,
  };
}

/** The readings of the example windows as arrays for JSON, [count][T][F]; null where one is missing. */
function nestReadings({ scoring, examples }: FinishedModel): (number | null)[][][] {
  const { timesteps, features } = scoring;
  return Array.from({ length: examples.count }, (_, window) =>
    Array.from({ length: timesteps }, (_, step) => {
      const from = (window * timesteps + step) * features;
      const row = examples.readings.subarray(from, from + features);
      return Array.from(row, (reading) => (Number.isNaN(reading) ? null : reading));
    }),
  );
}
