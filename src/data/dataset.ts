/** Data files as series, ready to be cut into windows: one for each file and group, its rows in time order. */
import { InputError } from "../errors.js";
import { type Resampling, resampledMaxGapMs } from "../scoring/resampling.js";
import { findCounters } from "./counters.js";
import { type DataFile, type FileOptions, readDataFile } from "./data-file.js";
import { describeReadings, describeTable } from "./dataset-notes.js";
import { lookThroughReadings } from "./feature-readings.js";
import { usualMaxGapMs } from "./gaps.js";
import type { LeftOut } from "./header.js";
import { orderRows } from "./order.js";
import { refuseRecurringTimes } from "./recurring-times.js";
import { describeResampling, resampleSeries } from "./resampled-series.js";
import type { OrderedSeries, Series } from "./series.js";
import { describeOrder } from "./series-order.js";
import type { DataSource } from "./source.js";
import type { Table } from "./table-form.js";
import { type DataTaken, takenOf } from "./taken.js";

export type { Series } from "./series.js";

/** How files are read, and what is a gap. */
export interface DatasetOptions extends FileOptions {
  /** A step between rows above this many seconds is a gap; 10 x the median step where it is undefined. */
  readonly maxGapSeconds?: number | undefined;
  /** Numbers that are readings though they look like those that stand for none. */
  readonly keepValues?: readonly number[] | undefined;
  /** Makes rows at one step in time of those of the files. */
  readonly resampling?: Resampling | undefined;
  /** By feature, numbers that stand for no reading wherever they occur, as training found them. */
  readonly sentinels?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** What was read from data files. */
export interface Dataset {
  readonly files: readonly DataFile[];
  readonly features: readonly string[];
  readonly series: readonly Series[];
  /** A step above this is a gap; undefined where no step is above zero, or there is no time column. */
  readonly maxGapMs: number | undefined;
  /** Sentences for a person: what was found out about the files, and what looks odd in them. */
  readonly notes: readonly string[];
  /** How the rows of the series were made from those of the files; undefined where they are the same. */
  readonly resampling?: Resampling | undefined;
  /** What was taken from the files; undefined where the data set was not read from files. */
  readonly taken?: DataTaken | undefined;
}

/** Files that were read, all with the same features. */
export interface Tables {
  readonly files: readonly DataFile[];
  /** The columns of the first file that are not learnt from. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Reads data files, given by their paths, or other sources into series. The features are `columns`; where that is
 * undefined, they are those of the first file that do not only count, and the other files must have them too. Rows that
 * are not in time order are sorted.
 *
 * @throws InputError where a file cannot be read, lacks a column, or mixes series that a column tells apart.
 */
export async function readDataset(
  sources: readonly (string | DataSource)[],
  options: DatasetOptions = {},
): Promise<Dataset> {
  return makeDataset(await readTables(sources, options), options);
}

/** The first step of `readDataset`: the files as columns. @throws InputError as that does. */
export async function readTables(
  sources: readonly (string | DataSource)[],
  options: DatasetOptions,
): Promise<Tables> {
  const files: DataFile[] = [];
  const leftOut: LeftOut[] = [];
  let columns = options.columns;
  for (const source of sources) {
    const file = await readDataFile(source, { ...options, columns });
    refuseRecurringTimes(file);
    const counters = columns === undefined ? findCounters(file.features, file.groups?.of) : [];
    const features = file.features.filter(({ name }) => !counters.some((one) => one.name === name));
    if (files.length === 0) leftOut.push(...file.leftOut, ...counters);
    columns ??= features.map(({ name }) => name);
    if (columns.length === 0) {
      throw new InputError(`${file.file} has no column of numbers to learn from${describeLeftOut(file)}.`);
    }
    files.push({ ...file, features });
  }
  const { labelColumn } = options;
  if (labelColumn !== undefined && files.every(({ anomalous }) => anomalous === undefined)) {
    throw new InputError(`No file has a column "${labelColumn}" for the labels.`);
  }
  return { files, leftOut };
}

/** The second step of `readDataset`: series of the rows. Readings that stand for none become NaN in the files' columns. */
export function makeDataset({ files, leftOut }: Tables, options: DatasetOptions): Dataset {
  const features = files[0]!.features.map(({ name }) => name);
  const keep = new Set(options.keepValues);
  const readings = features.map((name, index) =>
    lookThroughReadings(
      files.map((file) => file.features[index]!.values),
      options.sentinels?.[name] ?? [],
      keep,
    ),
  );
  const ordered = files.flatMap((file, index) => orderSeries(file, index));
  const { resampling } = options;
  const given = ordered.map(({ series: one }) => one);
  const maxGapMs = maxGapOf(given, options);
  const series =
    resampling === undefined ? given : given.map((one) => resampleSeries(one, resampling, maxGapMs!));
  const notes = [
    ...describeTables({ files, leftOut }, options),
    ...describeReadings(features, readings, files[0]!, options),
    ...describeOrder(files, ordered),
    ...(resampling === undefined ? [] : describeResampling(given, series, resampling)),
  ];
  const taken = takenOf({
    files,
    features,
    readings,
    ordered,
    maxGapMs,
    leftOut,
    notes,
    groupColumn: files.some(({ groups }) => groups !== undefined) ? options.groupColumn : undefined,
    resampled: resampling && { ...resampling, rows: series.reduce((sum, { rows }) => sum + rows, 0) },
  });
  return { files, features, series, maxGapMs, notes, resampling, taken };
}

/** Sentences on the files, whatever group their rows are of. */
export function describeTables({ files, leftOut }: Tables, options: DatasetOptions): string[] {
  return files.flatMap((file, index) => describeTable(file, index === 0 ? leftOut : [], options));
}

function describeLeftOut({ leftOut }: Table): string {
  const shown = leftOut.slice(0, 5).map(({ name, reason }) => `"${name}": ${reason}`);
  return shown.length === 0 ? "" : ` (${shown.join("; ")})`;
}

/** The rows of each group of a file, in the order of the file; all rows where there are no groups. */
export function rowsByGroup(file: Table): Int32Array[] {
  const { groups } = file;
  const counts = new Int32Array(groups?.names.length ?? 1);
  for (let row = 0; row < file.rows; row++) counts[groups?.of[row] ?? 0]!++;
  const rowsOf = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let row = 0; row < file.rows; row++) {
    const group = groups?.of[row] ?? 0;
    rowsOf[group]![counts[group]!++] = row;
  }
  return rowsOf;
}

/** The rows of each group of a file, in time order. */
function orderSeries(file: DataFile, fileIndex: number): OrderedSeries[] {
  const { groups, time } = file;
  return rowsByGroup(file).map((rows, group) => {
    const order = time === undefined ? undefined : orderRows(rows, time.ms);
    return {
      order,
      series: pick(file, fileIndex, groups?.names[group], order?.rows ?? rows, order?.ms),
    };
  });
}

function pick(
  file: Table,
  fileIndex: number,
  group: string | undefined,
  fileRows: Int32Array,
  timestampsMs: Float64Array | undefined,
): Series {
  const { features, anomalous } = file;
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
    timestampsMs,
    anomalous: anomalous === undefined ? undefined : Uint8Array.from(fileRows, (row) => anomalous[row]!),
    fileIndex,
    fileRows,
  };
}

function maxGapOf(
  series: readonly Series[],
  { maxGapSeconds, resampling }: DatasetOptions,
): number | undefined {
  if (maxGapSeconds !== undefined) return maxGapSeconds * 1000;
  if (resampling !== undefined) return resampledMaxGapMs(resampling);
  return usualMaxGapMs(series.flatMap(({ timestampsMs }) => timestampsMs ?? []));
}
