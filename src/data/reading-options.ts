/** How data files are read: the options that training, scoring, evaluation and inspection share. */
import { InputError } from "../errors.js";
import { AGGREGATES } from "../scoring/resampling.js";
import type { DatasetOptions } from "./dataset.js";
import { MISSING_WORDS, SENTINELS } from "./missing.js";
import {
  cellList,
  decimalMark,
  delimiter,
  duration,
  nameList,
  numberList,
  type OptionValues,
  option,
  positiveNumber,
  rowRange,
  word,
} from "./option-values.js";

const asWritten = (text: string): string => text;

/** What data files may be, for a help text. */
export const FILE_FORMS = "CSV in any form, JSON lines, or Parquet; text may be compressed with gzip or zstd";

/** The options for any data file. */
export const FILE_OPTIONS = {
  timeColumn: option("name", "column of times (default: looked for by name, then by its form)", asWritten),
  dateColumn: option("name", "column of dates, where --time-column holds the time of day", asWritten),
  timeFormat: option(
    "format",
    "how times are written: DD/MM/YYYY HH:mm, %d.%m.%Y %H:%M:%S, or s, ms, us, ns since 1970 (default: found from all rows)",
    asWritten,
  ),
  timeZone: option(
    "name",
    "zone of times that are written without one, such as Europe/Berlin (default: UTC)",
    asWritten,
  ),
  groupColumn: option("name", "column whose values tell series apart: windows never cross groups", asWritten),
  tagColumn: option("name", "in a file with one reading a row: the column that names its feature", asWritten),
  valueColumn: option("name", "in a file with one reading a row: the column of the readings", asWritten),
  exclude: option("names", "columns that are no features, with commas between", nameList),
  missing: option(
    "cells",
    `cells that stand for a missing reading, such as -9999,Bad, beside empty ones and ${MISSING_WORDS.join(", ")}`,
    cellList,
  ),
  keepValues: option(
    "numbers",
    `readings that are kept though they look like a missing one: taken for missing is a number that occurs three times or more, far from all others, of ${SENTINELS.join(", ")}`,
    numberList,
  ),
  decimal: option("mark", "decimal mark, a point or a comma (default: found by column)", decimalMark),
  delimiter: option("character", "one character, or tab (default: found from the first lines)", delimiter),
  header: {
    help: "the first line names the columns (default: found from that line)",
    oppositeHelp: "there is no header; columns are c0, c1, ...",
  },
  unitsRow: {
    help: "the line after the header holds units (default: found from that line)",
    oppositeHelp: "the line after the header is data",
  },
  rows: option("from:to", "data rows from 0, the end excluded, such as 0:400", rowRange),
  maxGap: option(
    "seconds",
    "windows do not cross a longer step in time (default: 10 x the median step)",
    positiveNumber,
  ),
  resample: option(
    "length",
    "make rows of one step in time, such as 30s, 15m, 1h or 1d, of faster or irregular ones; the model keeps it",
    duration,
  ),
  aggregate: option(
    "kind",
    `what a resampled row takes of the readings in its step: ${AGGREGATES.join(", ")} (default: mean)`,
    word(AGGREGATES),
  ),
} as const;

/** The columns of data that are learnt from. */
export const COLUMNS_OPTION = option(
  "names",
  "features, with commas between; a name with a comma in double quotes: 'a,\"b, c\"' (default: every numeric column but time, label and group)",
  nameList,
);

/** The values of FILE_OPTIONS. */
export type FileValues = OptionValues<typeof FILE_OPTIONS>;

/** How the files of a data set were read, by the names of the options; it is part of the training record. */
export interface ReadingValues extends Partial<FileValues> {
  readonly columns: readonly string[] | undefined;
  readonly labelColumn: string | undefined;
}

/** Only the values that say how files are read. */
export function readingValues(values: ReadingValues): ReadingValues {
  const { columns, labelColumn } = values;
  const own = Object.keys(FILE_OPTIONS).map((name) => [name, values[name as keyof FileValues]]);
  return { columns, labelColumn, ...Object.fromEntries(own) };
}

/** What `readDataset` takes, from the values of options. @throws InputError where they contradict each other. */
export function datasetOptions(values: Partial<ReadingValues>): DatasetOptions {
  const { maxGap, resample, aggregate, ...others } = readingValues({
    columns: undefined,
    labelColumn: undefined,
    ...values,
  });
  if (resample === undefined && aggregate !== undefined) {
    throw new InputError("--aggregate needs --resample, which says the step of the rows.");
  }
  const resampling =
    resample === undefined ? undefined : { stepMs: resample, aggregate: aggregate ?? "mean" };
  return { ...others, maxGapSeconds: maxGap, resampling };
}
