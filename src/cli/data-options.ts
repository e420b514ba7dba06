/** How data files are read: the options that `train` and `score` share. */
import { type Command, Option } from "commander";
import type { DatasetOptions } from "../data/dataset.js";
import type { RowRange } from "../data/table.js";
import { delimiter, positiveNumber, rowRange } from "./option-values.js";

export interface DataOptions {
  readonly timeColumn?: string;
  readonly groupColumn?: string;
  readonly delimiter?: string;
  readonly header?: boolean;
  readonly rows?: RowRange;
  readonly maxGap?: number;
}

export function addDataOptions(command: Command): Command {
  return command
    .option("--time-column <name>", "column of times (default: looked for by name, then by its form)")
    .option("--group-column <name>", "column that tells series apart: windows never cross groups")
    .option(
      "--delimiter <character>",
      "one character, or tab (default: told from the first lines)",
      delimiter,
    )
    .addOption(new Option("--header", "the first line names the columns (default: told from it)"))
    .addOption(new Option("--no-header", "there is no header; columns are c0, c1, ..."))
    .option("--rows <from:to>", "data rows from 0, the end left out, such as 0:400", rowRange)
    .option(
      "--max-gap <seconds>",
      "windows do not cross a longer step in time (default: 10 x the median step)",
      positiveNumber,
    );
}

export function toDatasetOptions(options: DataOptions): DatasetOptions {
  return {
    timeColumn: options.timeColumn,
    groupColumn: options.groupColumn,
    delimiter: options.delimiter,
    header: options.header,
    rows: options.rows,
    maxGapSeconds: options.maxGap,
  };
}
