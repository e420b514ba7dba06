/** `residua train`: from data files to a published version. */
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { createWasmEngine } from "../engine/wasm/engine.js";
import { InputError } from "../errors.js";
import { publishBundle } from "../registry/bundle.js";
import type { BundleContents } from "../registry/bundle-files.js";
import { MODEL_NAME_PATTERN } from "../registry/manifest.js";
import { type Dataset, readDataset } from "../training/dataset.js";
import { type TrainedModel, type TrainOptions, trainModel } from "../training/train-model.js";
import { toDatasetOptions } from "./data-options.js";
import { confirm, watchInterruption } from "./interruption.js";
import { addTrainOptions, type TrainFlags, toTrainOptions } from "./train-options.js";
import { createTrainingProgress, digits, type TrainingProgress } from "./training-progress.js";
import { UsageError } from "./usage-error.js";

export function addTrainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("train an autoencoder on normal data and publish it as the next version of a model");
  addTrainOptions(command).action(train);
}

async function train(paths: string[], flags: TrainFlags): Promise<void> {
  checkName(flags.name);
  const options = toTrainOptions(flags);
  const config = loadConfig(process.env);
  const dataset = await readDataset(paths, {
    ...toDatasetOptions(flags),
    columns: flags.columns,
    labelColumn: flags.labelColumn,
  });
  for (const note of dataset.notes) printNote(note);

  const engine = await createWasmEngine({
    threads: config.RESIDUA_THREADS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
  let progress: TrainingProgress | undefined;
  const interruption = watchInterruption(
    () => process.stderr.write("\nStopping after this epoch; Ctrl-C again ends at once.\n"),
    () => progress?.end(),
  );
  let begin = 0;
  let seconds = 0;
  try {
    const model = await trainModel(
      engine,
      dataset,
      { ...options, signal: interruption.signal },
      {
        onNote: printNote,
        onSplit: (windows, epochs) => {
          process.stdout.write(describeData(dataset, windows));
          progress = createTrainingProgress(process.stdout, epochs);
          begin = performance.now();
        },
        onStep: (step) => progress?.onStep(step),
        onEpoch: (epoch) => progress?.onEpoch(epoch),
        onFitted: () => {
          progress?.end();
          seconds = (performance.now() - begin) / 1000;
          // From here on there is little left to wait for, and Ctrl-C ends it as it ends anything.
          interruption.dispose();
        },
      },
    );
    if (model.fit.stopped === "aborted" && !(await wantsUnfinished(model))) {
      throw new InputError("Training was stopped and nothing is published.");
    }
    const published = await publishBundle(
      flags.models ?? config.RESIDUA_MODELS,
      flags.name,
      contentsOf(model, dataset, flags, options),
    );
    process.stdout.write(describeModel(flags.name, published, model, seconds));
  } finally {
    progress?.end();
    interruption.dispose();
    await engine.close();
  }
}

function checkName(name: string): void {
  if (new RegExp(MODEL_NAME_PATTERN).test(name)) return;
  throw new UsageError(
    `--name "${name}" is no name for a model: it begins with a small letter or a digit and goes on with those, ".", "_" or "-", 63 characters at most.`,
  );
}

function printNote(sentence: string): void {
  process.stderr.write(`Note: ${sentence}\n`);
}

/** Whether a run that Ctrl-C stopped is published: asked on a terminal, and taken for granted in a pipe. */
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

function contentsOf(
  model: TrainedModel,
  dataset: Dataset,
  flags: TrainFlags,
  options: TrainOptions,
): BundleContents {
  return {
    network: model.network,
    weights: model.weights,
    family: options.architecture.family,
    features: dataset.features.map((name) => ({ name, unit: null })),
    scaler: copyScaler(model.scoring.scaler),
    clip: model.scoring.clip,
    minCoverage: model.scoring.minCoverage,
    loss: options.loss,
    scorers: [...model.scorers],
    threshold: model.threshold === undefined ? null : { ...model.threshold },
    calibration: model.calibration,
    golden: model.examples,
    sampleBody: { windows: toNestedWindows(model) },
    training: {
      data: dataset.files.map(({ file, rows, sha256 }) => ({ file, rows, sha256 })),
      // What was done, defaults and all; what is undefined is left out of JSON.
      options: { ...readingOf(flags), ...options },
      seed: options.seed,
      windows: model.windows,
      stopped: model.fit.stopped,
      bestEpoch: model.fit.bestEpoch,
      losses: model.fit.epochs.map(({ loss, validationLoss, learningRate }) => ({
        loss,
        validationLoss: validationLoss ?? null,
        learningRate,
      })),
    },
  };
}

/** How the files were read. */
function readingOf(flags: TrainFlags): object {
  const { columns, labelColumn, timeColumn, groupColumn, rows, maxGap, delimiter, header } = flags;
  return { columns, labelColumn, timeColumn, groupColumn, rows, maxGap, delimiter, header };
}

/** A copy that may be written to, as the manifest's type has it. */
function copyScaler({
  kind,
  offset,
  scale,
  mean,
}: TrainedModel["scoring"]["scaler"]): BundleContents["scaler"] {
  return { kind, offset: [...offset], scale: [...scale], ...(mean === undefined ? {} : { mean: [...mean] }) };
}

/** [n][T][F] for JSON, null where a reading is missing. */
function toNestedWindows({ scoring, examples }: TrainedModel): (number | null)[][][] {
  const { timesteps, features } = scoring;
  return Array.from({ length: examples.count }, (_, window) =>
    Array.from({ length: timesteps }, (_, step) => {
      const from = (window * timesteps + step) * features;
      const row = examples.readings.subarray(from, from + features);
      return Array.from(row, (reading) => (Number.isNaN(reading) ? null : reading));
    }),
  );
}

function describeData(dataset: Dataset, windows: TrainedModel["windows"]): string {
  const rows = dataset.series.reduce((sum, series) => sum + series.rows, 0);
  const series = dataset.series.length === 1 ? "1 series" : `${dataset.series.length} series`;
  const features = dataset.features.length === 1 ? "1 feature" : `${dataset.features.length} features`;
  return `${rows} rows of ${features} in ${series}; windows: ${windows.fit} to fit, ${windows.validation} to validate, ${windows.calibration} to calibrate\n`;
}

function describeModel(
  name: string,
  published: { version: string; folder: string; sha256: string },
  model: TrainedModel,
  seconds: number,
): string {
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

function describeThreshold(
  threshold: TrainedModel["threshold"],
  calibration: TrainedModel["calibration"],
): string {
  if (threshold === undefined) return "none: scores come without a verdict";
  if (threshold.falseAlarmRate === null)
    return `${digits(threshold.value)} on the ${threshold.scorer} error, set by hand`;
  const blocks = calibration?.[threshold.scorer]?.windows.blocks ?? 0;
  return `${digits(threshold.value)} a window, ${digits(threshold.timestepValue)} a timestep on the ${threshold.scorer} error (false-alarm rate ${digits(threshold.falseAlarmRate, 3)}, ${blocks} independent blocks)`;
}
