/** `residua train`: from data files to a published version. */
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { readDataset } from "../data/dataset.js";
import { datasetOptions, FILE_FORMS, readingValues } from "../data/reading-options.js";
import { InputError } from "../errors.js";
import { significantDigits } from "../scoring/digits.js";
import { checkCalendar } from "../training/calendar-options.js";
import { seed } from "../training/option-parsers.js";
import type { TrainedModel } from "../training/train-model.js";
import { FITTING_OPTIONS, type FittingValues, toTrainOptions } from "../training/train-options.js";
import { confirm } from "./interruption.js";
import { checkName } from "./model-name.js";
import { printNote } from "./note.js";
import { openTrainingEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { addModelsOption, addOptions, addReportOption, argument, checkUsage } from "./options.js";
import { trainEach } from "./train-each.js";
import { publishTraining, runTraining } from "./training-run.js";
import { UsageError } from "./usage-error.js";

interface TrainFlags extends FittingValues {
  readonly name: string;
  readonly labelColumn: string | undefined;
  readonly seed: number;
  readonly models?: string;
  readonly quiet?: boolean;
  readonly report?: string;
  readonly each?: string;
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
  command.option(
    "--each <column>",
    "a model for each value of a column, such as the machine: <name>.<value>, with the same options; those that are there already, from the same files and options, are left as they are",
  );
  addReportOption(command, "loss, calibration, data, and how they score");
  addModelsOption(command).option("--quiet", "do not print what was taken from the data").action(train);
}

async function train(paths: string[], flags: TrainFlags): Promise<void> {
  checkName(flags.name);
  const options = checkUsage(() => toTrainOptions(flags, flags.seed));
  const config = loadConfig(process.env);
  const run = {
    name: flags.name,
    store: openModels(flags.models, config),
    options,
    reading: readingValues(flags),
    quiet: flags.quiet === true,
    report: flags.report,
  };
  const createEngine = () => openTrainingEngine(config);
  if (flags.each !== undefined) {
    await trainEach(paths, groupColumnOf(flags.each, flags), run, createEngine);
    return;
  }
  await run.store.checkMayPublish(run.name);
  const dataset = await readDataset(paths, datasetOptions(run.reading));
  checkUsage(() => checkCalendar(dataset, options));
  for (const note of dataset.notes) printNote(note);
  const engine = await createEngine();
  try {
    const trained = await runTraining(engine, dataset, run);
    if (trained.model.fit.stopped === "aborted" && !(await wantsUnfinished(trained.model))) {
      throw new InputError("Training was stopped and nothing is published.");
    }
    await publishTraining(engine, dataset, trained, run);
  } finally {
    await engine.close();
  }
}

/** The column that --each names. @throws UsageError where --group-column names another one. */
function groupColumnOf(each: string, { groupColumn }: TrainFlags): string {
  if (groupColumn === undefined || groupColumn === each) return each;
  throw new UsageError(
    `--each "${each}" trains a model for each value of that column, and --group-column "${groupColumn}" parts rows by another one: take one of them.`,
  );
}

/** Whether a run that Ctrl-C stopped is published: asked on a terminal; yes in a pipe. */
async function wantsUnfinished({ fit }: TrainedModel): Promise<boolean> {
  const best = fit.epochs[fit.bestEpoch - 1]!;
  const loss =
    best.validationLoss === undefined
      ? `loss ${significantDigits(best.loss)}`
      : `validation loss ${significantDigits(best.validationLoss)}`;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    printNote(
      `Training was stopped after ${fit.epochs.length} epochs; epoch ${fit.bestEpoch} (${loss}) is published.`,
    );
    return true;
  }
  return confirm(`Publish epoch ${fit.bestEpoch} (${loss})?`);
}
