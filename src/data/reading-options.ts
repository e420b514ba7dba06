/** How data files are read: the options that training, scoring and evaluation share. */
import type { DatasetOptions } from "./dataset.js";
import { delimiter, nameList, type OptionValues, option, positiveNumber, rowRange } from "./option-values.js";

const columnName = (text: string): string => text;

/** The options for any data file. */
export const FILE_OPTIONS = {
  timeColumn: option("name", "column of times (default: looked for by name, then by its form)", columnName),
  groupColumn: option(
    "name",
    "column whose values tell series apart: windows never cross groups",
    columnName,
  ),
  delimiter: option("character", "one character, or tab (default: found from the first lines)", delimiter),
  header: {
    help: "the first line names the columns (default: found from that line)",
    oppositeHelp: "there is no header; columns are c0, c1, ...",
  },
  rows: option("from:to", "data rows from 0, the end excluded, such as 0:400", rowRange),
  maxGap: option(
    "seconds",
    "windows do not cross a longer step in time (default: 10 x the median step)",
    positiveNumber,
  ),
} as const;

/** The columns of data that are learnt from. */
export const COLUMNS_OPTION = option(
  "names",
  "features, with commas between (default: every numeric column but time, label and group)",
  nameList,
);

/** The values of FILE_OPTIONS. */
export type FileValues = OptionValues<typeof FILE_OPTIONS>;

/** How the files of a data set were read, by the names of the options; it is part of the training record. */
export interface ReadingValues extends FileValues {
  readonly columns: readonly string[] | undefined;
  readonly labelColumn: string | undefined;
}

/** Only the values that say how files are read. */
export function readingValues(values: ReadingValues): ReadingValues {
  const { columns, labelColumn, timeColumn, groupColumn, rows, maxGap, delimiter, header } = values;
  return { columns, labelColumn, timeColumn, groupColumn, rows, maxGap, delimiter, header };
}

/** What `readDataset` takes, from the values of options. */
export function datasetOptions(values: FileValues & Partial<ReadingValues>): DatasetOptions {
  return {
    timeColumn: values.timeColumn,
    groupColumn: values.groupColumn,
    labelColumn: values.labelColumn,
    columns: values.columns,
    delimiter: values.delimiter,
    header: values.header,
    rows: values.rows,
    maxGapSeconds: values.maxGap,
  };
}
