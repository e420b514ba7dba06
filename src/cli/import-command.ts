/** `residua import`: from a model that Keras saved, and normal data, to a published version. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { type OptionValues, option, optionOr, share, wholeNumber } from "../data/option-values.js";
import {
  COLUMNS_OPTION,
  datasetOptions,
  FILE_FORMS,
  FILE_OPTIONS,
  readingValues,
} from "../data/reading-options.js";
import { InputError } from "../errors.js";
import { headChoices } from "../keras/heads.js";
import { familyOf, type ImportedModel, importModel } from "../keras/import-model.js";
import { type KerasFile, readKerasFile } from "../keras/read-keras-file.js";
import { publishImported } from "../publishing/publish-imported.js";
import type { Published } from "../registry/model-store.js";
import { readGivenScaler } from "../scoring/given-scaler.js";
import { SCALER_KINDS, type Scaler, type ScalerKind } from "../scoring/scaler.js";
import { type CalibratedNetwork, calibrateNetwork } from "../training/calibrate-network.js";
import { FITTING_OPTIONS } from "../training/train-options.js";
import { formatTaken } from "./data-table.js";
import { formatFacts, publishedFacts } from "./facts.js";
import { checkName } from "./model-name.js";
import { printNote } from "./note.js";
import { openTrainingEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { addModelsOption, addOptions } from "./options.js";
import { describeThreshold } from "./threshold-text.js";

const { loss, clip, falseAlarmRate, falseAlarms, threshold } = FITTING_OPTIONS;
/** Windows with a smaller share of readings present get no verdict. */
const MIN_COVERAGE = 0.5;
/** Scaled readings are clipped here, unless they are not scaled. */
const DEFAULT_CLIP = 20;

const IMPORT_OPTIONS = {
  heads: option(
    "list",
    "what the outputs are, in order: reconstruction, reversed, prediction or horizon (default: by their names and rows)",
    headChoices,
  ),
  timesteps: option("rows", "rows of a window, where the model takes any number", wholeNumber(1)),
  columns: COLUMNS_OPTION,
  ...FILE_OPTIONS,
  stride: optionOr("rows", "rows between the starts of two windows", wholeNumber(1), 1),
  loss,
  calibration: optionOr("share", "share of the windows that sets the threshold", share, 0.2),
  clip,
  falseAlarmRate,
  falseAlarms,
  threshold,
} as const;

interface ImportFlags extends OptionValues<typeof IMPORT_OPTIONS> {
  readonly name: string;
  readonly data: string[];
  readonly scaler: string;
  readonly labelColumn: string | undefined;
  readonly models?: string;
  readonly quiet?: boolean;
}

/** Adds `import` to the program. */
export function addImportCommand(program: Command): void {
  const command = program
    .command("import")
    .description("publish an autoencoder of Keras as the next version of a model, calibrated on normal data")
    .argument("<model>", "file that Keras saved, .keras or .h5, or model.json of TF.js")
    .requiredOption("--name <name>", "name of the model")
    .requiredOption("--data <files...>", `files of normal data: ${FILE_FORMS}`)
    .option(
      "--scaler <kind>",
      "how the model's readings were scaled: standard or minmax, fitted on the data; none; or a JSON file with the scaler",
      "standard",
    )
    .option("--label-column <name>", "rows that are not 0 there are anomalous, and not calibrated with");
  addModelsOption(addOptions(command, IMPORT_OPTIONS))
    .option("--quiet", "do not print what was taken from the data")
    .action(importCommand);
}

async function importCommand(path: string, flags: ImportFlags): Promise<void> {
  checkName(flags.name);
  const config = loadConfig(process.env);
  const store = openModels(flags.models, config);
  await store.checkMayPublish(flags.name);
  const file = await readKerasFile(path);
  const reading = readingValues(flags);
  const dataset = await readDataset(flags.data, datasetOptions(reading));
  for (const note of dataset.notes) printNote(note);
  const imported = takeModel(file, dataset, flags);
  for (const note of imported.notes) printNote(note);
  const scaler = await readScaler(flags.scaler, dataset.features);
  const options = {
    stride: flags.stride,
    loss: flags.loss,
    calibration: flags.calibration,
    scaler,
    clip: flags.clip ?? (scaler === "none" ? null : DEFAULT_CLIP),
    minCoverage: MIN_COVERAGE,
    falseAlarmRate: flags.falseAlarmRate,
    falseAlarms: flags.falseAlarms,
    threshold: flags.threshold,
  };
  if (flags.quiet !== true) process.stdout.write(formatTaken(dataset.taken!));
  const engine = await openTrainingEngine(config);
  try {
    const model = await calibrateNetwork(engine, dataset, imported, options, { onNote: printNote });
    const origin = {
      family: familyOf(imported.network),
      loss: flags.loss,
      imported: { file: path, sha256: file.sha256, form: file.form, kerasVersion: file.kerasVersion ?? null },
      options: { ...options, heads: flags.heads, timesteps: flags.timesteps },
    };
    const published = await publishImported(model, origin, {
      store,
      name: flags.name,
      reading,
      taken: dataset.taken,
    });
    process.stdout.write(describeModel(flags.name, published, file, model));
  } finally {
    await engine.close();
  }
}

/** The network of the file; errors name the file, as those of reading it do. */
function takeModel(file: KerasFile, dataset: Dataset, { heads, timesteps }: ImportFlags): ImportedModel {
  try {
    return importModel(file, { features: dataset.features.length, timesteps, heads });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${file.file} cannot be imported. ${error.message}`);
  }
}

async function readScaler(
  value: string,
  features: readonly string[],
): Promise<ScalerKind | Omit<Scaler, "mean">> {
  const kind = SCALER_KINDS.find((known) => known === value);
  if (kind !== undefined) return kind;
  let json: string;
  try {
    json = await readFile(value, "utf8");
  } catch {
    throw new InputError(
      `--scaler is "${value}", which is neither ${SCALER_KINDS.join(", ")} nor a file that can be read.`,
    );
  }
  return readGivenScaler(json, features);
}

function describeOrigin({ file, form, kerasVersion }: KerasFile): string {
  if (form === "tfjs" && kerasVersion === undefined) return `${file} (TF.js)`;
  return `${file} (Keras ${kerasVersion ?? "of an unknown version"})`;
}

function describeModel(
  name: string,
  published: Published,
  file: KerasFile,
  model: CalibratedNetwork,
): string {
  const { network, windows, scoring, threshold, calibration } = model;
  const heads = network.heads.map((head) => head.name).join(" and ");
  return formatFacts([
    ...publishedFacts(name, published),
    ["from", describeOrigin(file)],
    ["window", `${network.timesteps} rows of ${model.features.join(", ")}; ${heads}`],
    ["scaler", scoring.scaler.kind],
    ["windows", `${windows.fit} to fit scaler and scorers, ${windows.calibration} to calibrate`],
    ["threshold", describeThreshold(threshold, calibration)],
  ]);
}
