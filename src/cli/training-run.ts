/** One training on the terminal: its progress, the version it becomes, and how that is shown. */
import type { Dataset } from "../data/dataset.js";
import type { ReadingValues } from "../data/reading-options.js";
import type { TrainingEngine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import type { GroupOrigin } from "../publishing/group-models.js";
import { publish } from "../publishing/publish.js";
import type { ModelStore, Published } from "../registry/model-store.js";
import { significantDigits } from "../scoring/digits.js";
import { type TrainedModel, trainModel } from "../training/train-model.js";
import type { TrainOptions } from "../training/train-settings.js";
import { formatTaken } from "./data-table.js";
import { formatFacts, publishedFacts } from "./facts.js";
import { printNote } from "./note.js";
import { describeThreshold } from "./threshold-text.js";
import { showTraining } from "./training-pictures.js";
import { TrainingWatch } from "./training-watch.js";

/** What one training is asked to do. */
export interface TrainingRun {
  readonly name: string;
  readonly store: ModelStore;
  readonly options: TrainOptions;
  /** How the files were read. */
  readonly reading: ReadingValues;
  /** Whether what was taken from the data is left unsaid. */
  readonly quiet: boolean;
  /** The file of the report; undefined for none. */
  readonly report: string | undefined;
  /** Undefined where the model is of all rows. */
  readonly each?: GroupOrigin | undefined;
}

/** A model that was trained, and how long that took. */
export interface TimedModel {
  readonly model: TrainedModel;
  readonly seconds: number;
  /** Whether Ctrl-C was pressed while it was fitted, also where that was too late to change the model. */
  readonly isStopped: boolean;
}

/** Thrown where data could not be learnt from after Ctrl-C, which may be the reason. */
export class TrainingStopped extends InputError {}

/** Trains, and prints what it does. @throws InputError, as `trainModel`; TrainingStopped in its place after Ctrl-C. */
export async function runTraining(
  engine: TrainingEngine,
  dataset: Dataset,
  { name, options, quiet, each }: TrainingRun,
): Promise<TimedModel> {
  const watch = new TrainingWatch();
  let begin = 0;
  let seconds = 0;
  try {
    const model = await trainModel(
      engine,
      dataset,
      { ...options, signal: watch.signal },
      {
        ...watch.events,
        onNote: (note) => printNote(each === undefined ? note : `${name}: ${note}`),
        onSplit: (windows, folds) => {
          process.stdout.write(describeData(dataset, windows, folds));
          if (!quiet) process.stdout.write(formatTaken(dataset.taken!));
          begin = performance.now();
        },
        onFitted: () => {
          watch.end();
          seconds = (performance.now() - begin) / 1000;
        },
      },
    );
    return { model, seconds, isStopped: watch.signal.aborted };
  } catch (error) {
    if (!(error instanceof InputError) || !watch.signal.aborted) throw error;
    throw new TrainingStopped(error.message, { cause: error });
  } finally {
    watch.end();
  }
}

/** Publishes what was trained, and shows it. */
export async function publishTraining(
  engine: TrainingEngine,
  dataset: Dataset,
  { model, seconds }: TimedModel,
  { name, store, reading, report, each }: TrainingRun,
): Promise<Published> {
  const published = await publish(model, { store, name, reading, taken: dataset.taken, each });
  process.stdout.write(describeModel(name, published, model, seconds));
  const { version } = published;
  await showTraining(engine, { trained: model, dataset, store, name, version }, report);
  return published;
}

function describeData(dataset: Dataset, windows: TrainedModel["windows"], folds: number): string {
  const rows = dataset.series.reduce((sum, series) => sum + series.rows, 0);
  const series = dataset.series.length === 1 ? "1 series" : `${dataset.series.length} series`;
  const features = dataset.features.length === 1 ? "1 feature" : `${dataset.features.length} features`;
  const uses =
    folds === 0
      ? `${windows.fit} to fit, ${windows.validation} to validate, ${windows.calibration} to calibrate`
      : `${windows.fit} to fit, ${windows.calibration} of their rows to calibrate in ${folds} forward ${folds === 1 ? "fold" : "folds"}`;
  return `${rows} rows of ${features} in ${series}; windows: ${uses}\n`;
}

function describeModel(name: string, published: Published, model: TrainedModel, seconds: number): string {
  const { fit, threshold, calibration, windows } = model;
  const best = fit.epochs[fit.bestEpoch - 1]!;
  const validation =
    best.validationLoss === undefined ? "" : `, validation ${significantDigits(best.validationLoss)}`;
  const why = { epochs: "all epochs run", patience: "no better since", aborted: "stopped" }[fit.stopped];
  return formatFacts([
    ...publishedFacts(name, published),
    [
      "loss",
      `${significantDigits(best.loss)}${validation} (epoch ${fit.bestEpoch} of ${fit.epochs.length}, ${why}, ${significantDigits(seconds, 3)} s)`,
    ],
    ["windows", `${windows.fit} fit, ${windows.validation} validation, ${windows.calibration} calibration`],
    ["threshold", describeThreshold(threshold, calibration)],
  ]);
}
