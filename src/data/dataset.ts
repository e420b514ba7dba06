/** Data files as series, ready to be cut into windows: one for each file and group, its rows in time order. */
import { InputError } from "../errors.js";
import { type CsvFile, type CsvOptions, readCsv } from "./csv.js";
import { usualMaxGapMs } from "./gaps.js";
import { listNames, type Table } from "./table.js";

/** How files are read, and what is a gap. */
export interface DatasetOptions extends CsvOptions {
  /** A step between rows above this many seconds is a gap; 10 x the median step where it is undefined. */
  readonly maxGapSeconds?: number | undefined;
}

/** The rows of one group of one file. */
export interface Series {
  readonly file: string;
  readonly group: string | undefined;
  readonly rows: number;
  /** [rows, F] in the file's units; NaN where a reading is missing. */
  readonly values: Float64Array;
  /** [rows], not decreasing. */
  readonly timestampsMs: Float64Array | undefined;
  /** [rows]: 1 where the row is labelled anomalous. */
  readonly anomalous: Uint8Array | undefined;
  /** The index of its file in `Dataset.files`; and [rows]: the index of each row among the rows of that file. */
  readonly fileIndex: number;
  readonly fileRows: Int32Array;
}

/** What was read from data files. */
export interface Dataset {
  readonly files: readonly CsvFile[];
  readonly features: readonly string[];
  readonly series: readonly Series[];
  /** A step above this is a gap; undefined where no step is above zero, or there is no time column. */
  readonly maxGapMs: number | undefined;
  /** Sentences for a person: what was found out about the files, and what looks odd in them. */
  readonly notes: readonly string[];
}

/**
 * Reads data files into series. The features are `columns`; where that is undefined, they are those of the first file,
 * and the other files must have them too. Rows that are not in time order are sorted.
 *
 * Throws InputError where a file cannot be read, or lacks a column.
 */
export async function readDataset(paths: readonly string[], options: DatasetOptions = {}): Promise<Dataset> {
  const notes: string[] = [];
  const files: CsvFile[] = [];
  let columns = options.columns;
  for (const path of paths) {
    const file = await readCsv(path, { ...options, columns });
    columns ??= file.features.map(({ name }) => name);
    if (columns.length === 0) throw new InputError(`${file.file} has no column of numbers to learn from.`);
    files.push(file);
  }
  const features = files[0]!.features.map(({ name }) => name);
  const { labelColumn } = options;
  if (labelColumn !== undefined && files.every(({ anomalous }) => anomalous === undefined)) {
    throw new InputError(`No file has a column "${labelColumn}" for the labels.`);
  }
  for (const file of files) notes.push(...describeFile(file, options));
  const series = files.flatMap((file, index) => seriesOf(file, index, notes));
  return { files, features, series, maxGapMs: maxGapOf(series, options.maxGapSeconds), notes };
}

/** The rows of each group of a file, in time order. */
function seriesOf(file: CsvFile, fileIndex: number, notes: string[]): Series[] {
  const { groups, time } = file;
  const rowsOf = (groups?.names ?? [undefined]).map((): number[] => []);
  for (let row = 0; row < file.rows; row++) rowsOf[groups?.of[row] ?? 0]!.push(row);
  let moved = 0;
  const series = rowsOf.map((rows, group) => {
    if (time !== undefined) {
      for (let i = 1; i < rows.length; i++) if (time.ms[rows[i]!]! < time.ms[rows[i - 1]!]!) moved++;
      rows.sort((a, b) => time.ms[a]! - time.ms[b]! || a - b);
    }
    return pick(file, fileIndex, groups?.names[group], Int32Array.from(rows));
  });
  if (moved > 0) {
    notes.push(`${file.file}: the time goes back ${times(moved)}; rows are taken in order of time.`);
  }
  return series;
}

function pick(file: Table, fileIndex: number, group: string | undefined, fileRows: Int32Array): Series {
  const { features, time, anomalous } = file;
  const values = new Float64Array(fileRows.length * features.length);
  features.forEach((feature, index) => {
    for (let i = 0, at = index; i < fileRows.length; i++, at += features.length) {
      values[at] = feature.values[fileRows[i]!]!;
    }
  });
  return {
    file: file.file,
    group,
    rows: fileRows.length,
    values,
    timestampsMs: time === undefined ? undefined : Float64Array.from(fileRows, (row) => time.ms[row]!),
    anomalous: anomalous === undefined ? undefined : Uint8Array.from(fileRows, (row) => anomalous[row]!),
    fileIndex,
    fileRows,
  };
}

function maxGapOf(series: readonly Series[], seconds: number | undefined): number | undefined {
  if (seconds !== undefined) return seconds * 1000;
  return usualMaxGapMs(series.flatMap(({ timestampsMs }) => timestampsMs ?? []));
}

const LABEL_NAME = /^(is_?)?(anomal(y|ous|ies)|labels?|outliers?|change_?points?|attacks?|fault(y)?)$/i;

function describeFile(file: CsvFile, options: DatasetOptions): string[] {
  const notes: string[] = [];
  if (options.header === undefined && !file.header) {
    notes.push(
      `${file.file} has no header: its first line is numbers, so its columns are ${file.features[0]?.name ?? "c0"}, ... (--header takes the line as names).`,
    );
  }
  if (file.leftOut.length > 0) {
    notes.push(`${file.file}: left out ${listNames(file.leftOut)}, which hold no numbers.`);
  }
  if (options.columns !== undefined) return notes;
  const labels = file.features.filter(
    ({ name, values }) =>
      LABEL_NAME.test(name) && values.every((value) => value === 0 || value === 1 || Number.isNaN(value)),
  );
  if (labels.length > 0) {
    notes.push(
      `${file.file}: ${listNames(labels.map(({ name }) => name))} would be learnt from like any reading; if it is a label, name it with --label-column or choose features with --columns.`,
    );
  }
  const counters = file.features.filter(
    ({ values }) =>
      values.length >= 20 && values.every((value, row) => row === 0 || value - values[row - 1]! === 1),
  );
  if (counters.length > 0) {
    notes.push(
      `${file.file}: ${listNames(counters.map(({ name }) => name))} only counts rows; leave it out with --columns, or name it with --time-column.`,
    );
  }
  return notes;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
