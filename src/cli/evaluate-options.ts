/** The options of `evaluate`, and which of them go together. */
import type { Command } from "commander";
import { rowRange } from "../data/option-values.js";
import { FILE_FORMS, FILE_OPTIONS } from "../data/reading-options.js";
import type { RowRange } from "../data/table-form.js";
import { FITTING_OPTIONS, type FittingValues } from "../training/train-options.js";
import { jsonFile, seedList } from "./option-values.js";
import { addModelsOption, addOptions, addReportOption, addVersionOption, argument } from "./options.js";
import { UsageError } from "./usage-error.js";

/** The values of the options of `evaluate`. */
export interface EvaluateFlags extends FittingValues {
  readonly labelColumn: string;
  readonly testRows?: RowRange;
  readonly seeds: readonly number[];
  readonly model?: string;
  readonly version?: number;
  readonly models?: string;
  /** `true` for standard output. */
  readonly json?: string | true;
  readonly report?: string;
}

/** Adds the arguments and options of `evaluate`. */
export function addEvaluateOptions(command: Command): Command {
  command
    .argument("<files...>", `labelled data files, each evaluated by itself: ${FILE_FORMS}`)
    .requiredOption("--label-column <name>", "rows that are not 0 there are anomalous")
    .option("--test-rows <from:to>", "rows to test on (default: all but --rows)", argument(rowRange))
    .option(
      "--seeds <list>",
      "seeds, one training each, such as 1,2,3, or how many; the random scores take them too",
      argument(seedList),
      seedList("3"),
    )
    .option("--model <name>", "evaluate this published model in place of training");
  addVersionOption(command, "its version (default: alias stable, else the highest valid one)");
  addReportOption(command, "the tables, and the test rows as the model scores them");
  addModelsOption(command).option(
    "--json [file]",
    "figures of every run as JSON, to a .json file or in place of the tables",
    argument(jsonFile),
  );
  return addOptions(command, FITTING_OPTIONS);
}

/** Options that have a meaning with `--model` too: how a file is read, and what the baselines learn from. */
const WITH_MODEL = new Set([
  ...Object.keys(FILE_OPTIONS),
  "labelColumn",
  "testRows",
  "seeds",
  "model",
  "version",
  "models",
  "json",
  "report",
  "validation",
  "folds",
  "calibration",
]);

/** @throws UsageError where options contradict each other. */
export function checkEvaluateFlags(flags: EvaluateFlags, command: Command): void {
  if (flags.model === undefined) {
    if (flags.rows === undefined) {
      throw new UsageError("--rows has to say which rows of each file to train on, such as --rows 0:400.");
    }
    if (flags.version !== undefined || flags.models !== undefined) {
      throw new UsageError("--version and --models need --model.");
    }
  } else {
    const idle = command.options.find(
      (option) =>
        !WITH_MODEL.has(option.attributeName()) &&
        command.getOptionValueSource(option.attributeName()) === "cli",
    );
    if (idle !== undefined) throw new UsageError(`${idle.long} is for training, and --model trains nothing.`);
  }
  const { rows, testRows } = flags;
  if (rows !== undefined && testRows !== undefined && rows.from < testRows.to && testRows.from < rows.to) {
    throw new UsageError("--rows and --test-rows share rows: what was learnt from cannot be tested on.");
  }
}
