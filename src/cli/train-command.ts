/** `residua train`: from data files to a published version. */
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { datasetOptions, FILE_FORMS, readingValues } from "../data/reading-options.js";
import { createWasmEngine } from "../engine/wasm/engine.js";
import { InputError } from "../errors.js";
import { type Published, publish } from "../publishing/publish.js";
import { checkMayPublish } from "../publishing/publish-or-keep.js";
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE } from "../registry/manifest.js";
import { seed } from "../training/option-parsers.js";
import { type TrainedModel, trainModel } from "../training/train-model.js";
import { FITTING_OPTIONS, type FittingValues, toTrainOptions } from "../training/train-options.js";
import { formatTaken } from "./data-table.js";
import { confirm } from "./interruption.js";
import { printNote } from "./note.js";
import { addModelsOption, addOptions, addReportOption, argument, checkUsage } from "./options.js";
import { showTraining } from "./training-pictures.js";
import { digits } from "./training-progress.js";
import { TrainingWatch } from "./training-watch.js";
import { UsageError } from "./usage-error.js";

interface TrainFlags extends FittingValues {
  readonly name: string;
  readonly labelColumn: string | undefined;
  readonly seed: number;
  readonly models?: string;
  readonly quiet?: boolean;
  readonly report?: string;
}

/** Adds `train` to the program. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("train an autoencoder on normal data and publish it as the next version of a model")
    .argument("<files...>", `data files: ${FILE_FORMS}`)
    .requiredOption("--name <name>", "name of the model")
    .option("--label-column <name>", "rows that are not 0 there are anomalous, and not learnt from");
  addOptions(command, FITTING_OPTIONS).option(
    "--seed <number>",
    "the same seed and data give the same model",
    argument(seed),
    1,
  );
  addReportOption(command, "loss, calibration, data, and how they score");
  addModelsOption(command).option("--quiet", "do not print what was taken from the data").action(train);
}

async function train(paths: string[], flags: TrainFlags): Promise<void> {
  checkName(flags.name);
  const options = checkUsage(() => toTrainOptions(flags, flags.seed));
  const config = loadConfig(process.env);
  const reading = readingValues(flags);
  const modelsFolder = flags.models ?? config.RESIDUA_MODELS;
  await checkMayPublish(modelsFolder, flags.name);
  const dataset = await readDataset(paths, datasetOptions(reading));
  for (const note of dataset.notes) printNote(note);

  const engine = await createWasmEngine({
    threads: config.RESIDUA_THREADS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
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
        onSplit: (windows, folds) => {
          process.stdout.write(describeData(dataset, windows, folds));
          if (flags.quiet !== true) process.stdout.write(formatTaken(dataset.taken!));
          begin = performance.now();
        },
        onFitted: () => {
          watch.end();
          seconds = (performance.now() - begin) / 1000;
        },
      },
    );
    if (model.fit.stopped === "aborted" && !(await wantsUnfinished(model))) {
      throw new InputError("Training was stopped and nothing is published.");
    }
    const published = await publish(model, {
      modelsFolder,
      name: flags.name,
      reading,
      taken: dataset.taken,
    });
    process.stdout.write(describeModel(flags.name, published, model, seconds));
    const { name, report } = flags;
    const { version } = published;
    await showTraining(engine, { trained: model, dataset, modelsFolder, name, version }, report);
  } finally {
    watch.end();
    await engine.close();
  }
}

/** Throws UsageError where a model cannot have the name. */
export function checkName(name: string): void {
  if (new RegExp(MODEL_NAME_PATTERN).test(name)) return;
  throw new UsageError(`--name "${name}" cannot be the name of a model: ${MODEL_NAME_RULE}.`);
}

/** Whether a run that Ctrl-C stopped is published: asked on a terminal; yes in a pipe. */
async function wantsUnfinished({ fit }: TrainedModel): Promise<boolean> {
  const best = fit.epochs[fit.bestEpoch - 1]!;
  const loss =
    best.validationLoss === undefined
      ? `loss ${digits(best.loss)}`
      : `validation loss ${digits(best.validationLoss)}`;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    printNote(
      `Training was stopped after ${fit.epochs.length} epochs; epoch ${fit.bestEpoch} (${loss}) is published.`,
    );
    return true;
  }
  return confirm(`Publish epoch ${fit.bestEpoch} (${loss})?`);
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
  const validation = best.validationLoss === undefined ? "" : `, validation ${digits(best.validationLoss)}`;
  const why = { epochs: "all epochs run", patience: "no better since", aborted: "stopped" }[fit.stopped];
  const lines = [
    ["model", `${name} version ${published.version}`],
    ["folder", published.folder],
    ["sha256", published.sha256],
    [
      "loss",
      `${digits(best.loss)}${validation} (epoch ${fit.bestEpoch} of ${fit.epochs.length}, ${why}, ${digits(seconds, 3)} s)`,
    ],
    ["windows", `${windows.fit} fit, ${windows.validation} validation, ${windows.calibration} calibration`],
    ["threshold", describeThreshold(threshold, calibration)],
  ];
  return `${lines.map(([what, value]) => `${what}:`.padEnd(11) + value).join("\n")}\n`;
}

/** The threshold in a line for a person. */
export function describeThreshold(
  threshold: TrainedModel["threshold"],
  calibration: TrainedModel["calibration"],
): string {
  if (threshold === undefined) return "none: scores come without a verdict";
  if (threshold.falseAlarmRate === null)
    return `${digits(threshold.value)} on the ${threshold.scorer} error, set by hand`;
  const blocks = calibration?.[threshold.scorer]?.windows.blocks ?? 0;
  return `${digits(threshold.value)} a window, ${digits(threshold.timestepValue)} a timestep on the ${threshold.scorer} error (false-alarm rate ${digits(threshold.falseAlarmRate, 3)}, ${blocks} independent blocks)`;
}
