/** A trained model becomes the next version in a store of models. */
import { dataSection } from "../data/data-section.js";
import type { ReadingValues } from "../data/reading-options.js";
import type { DataTaken } from "../data/taken.js";
import { encodeBehaviour } from "../registry/behaviour-sections.js";
import type { BundleContents } from "../registry/bundle-files.js";
import { encodeInput } from "../registry/input-section.js";
import type { ModelStore, Published, PublishingJob } from "../registry/model-store.js";
import type { TrainedModel } from "../training/train-model.js";
import type { GroupOrigin } from "./group-models.js";
import { publishOrKeep } from "./publish-or-keep.js";

/** Where a model is published. */
export interface PublishOptions {
  /** A folder is made where it does not exist. */
  readonly store: ModelStore;
  /** The name of the model. */
  readonly name: string;
  /** How the data files were read: it goes into the training record. */
  readonly reading: ReadingValues;
  /** What was taken from the data files: the manifest's section `data`. */
  readonly taken?: DataTaken | undefined;
  /** The group that the model is of; undefined where it is of all rows. */
  readonly each?: GroupOrigin | undefined;
  /** Undefined where it is not a job that publishes. */
  readonly job?: PublishingJob | undefined;
}

/**
 * Writes the bundle of a trained model, under the next free version of its name. Readers see it only
 * when all of it is there. No alias is changed, and nothing is printed.
 *
 * @throws InputError where the name is not one of a model.
 */
export function publish(trained: TrainedModel, options: PublishOptions): Promise<Published> {
  const { store, name, job } = options;
  return publishOrKeep(store, name, bundleContents(trained, options), job);
}

/** What the bundle of a trained model is made from. */
export function bundleContents(
  trained: TrainedModel,
  { reading, taken, each }: Pick<PublishOptions, "reading" | "taken" | "each">,
): BundleContents {
  const { options, scoring, threshold, fit } = trained;
  return {
    network: trained.network,
    weights: trained.weights,
    family: options.architecture.family,
    features: withUnits(trained.features, taken),
    scaler: scoring.scaler,
    clip: scoring.clip,
    minCoverage: scoring.minCoverage,
    loss: options.loss,
    scorers: trained.scorers,
    threshold: threshold ?? null,
    fitted: scoring.fitted,
    calibration: trained.calibration,
    golden: trained.examples,
    sampleBody: sampleBody(trained),
    sections: { ...sectionsOf(trained.behaviour, taken, reading), ...encodeInput(scoring.calendar) },
    training: {
      data: trained.files,
      // Defaults are recorded too. What is undefined is left out of JSON.
      options: { ...reading, ...options },
      seed: options.seed,
      each,
      windows: trained.windows,
      windowLength: trained.windowLength,
      linearPath: trained.network.linearPath?.components,
      folds: trained.folds,
      stopped: fit.stopped,
      bestEpoch: fit.bestEpoch,
      losses: fit.epochs.map(({ loss, validationLoss, learningRate }) => ({
        loss,
        validationLoss: validationLoss ?? null,
        learningRate,
      })),
    },
  };
}

/** The features with the units that the data files give them. */
export function withUnits(
  names: readonly string[],
  taken: DataTaken | undefined,
): BundleContents["features"] {
  return names.map((name) => ({
    name,
    unit: taken?.features.find((feature) => feature.name === name)?.unit ?? null,
  }));
}

/** The sections of the manifest: how normal scores make events, and what was taken from the data files. */
export function sectionsOf(
  behaviour: TrainedModel["behaviour"],
  taken: DataTaken | undefined,
  reading: ReadingValues,
): NonNullable<BundleContents["sections"]> {
  return {
    ...encodeBehaviour(behaviour),
    ...(taken === undefined ? {} : { data: dataSection(taken, reading) }),
  };
}

/**
 * A request with example windows: `windows`, or, for a model that reads the calendar, one of them as a `series` with its
 * times.
 */
export function sampleBody(model: Pick<TrainedModel, "scoring" | "examples">): object {
  const windows = nestReadings(model);
  const { timesteps, calendar } = model.scoring;
  if (calendar === undefined) return { windows };
  const times = windows.map((_, window) =>
    model.examples.timestampsMs!.subarray(window * timesteps, (window + 1) * timesteps),
  );
  // Times in a file may repeat; those of a request have to increase.
  const moving = times.findIndex((own) => own.every((ms, row) => row === 0 || ms > own[row - 1]!));
  const shown = Math.max(0, moving);
  return { series: windows[shown]!, timestamps: [...times[shown]!], timeUnit: "ms" };
}

/** The readings of the example windows as arrays for JSON, [count][T][F]; null where one is missing. */
export function nestReadings({
  scoring,
  examples,
}: Pick<TrainedModel, "scoring" | "examples">): (number | null)[][][] {
  const { timesteps, features } = scoring;
  return Array.from({ length: examples.count }, (_, window) =>
    Array.from({ length: timesteps }, (_, step) => {
      const from = (window * timesteps + step) * features;
      const row = examples.readings.subarray(from, from + features);
      return Array.from(row, (reading) => (Number.isNaN(reading) ? null : reading));
    }),
  );
}
