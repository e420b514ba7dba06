/** Data files as a data set for each group: what a model for each machine is trained on. */
import { InputError } from "../errors.js";
import type { DataFile } from "./data-file.js";
import {
  type Dataset,
  type DatasetOptions,
  describeTables,
  makeDataset,
  readTables,
  rowsByGroup,
} from "./dataset.js";

/** The rows of one group. */
export interface GroupDataset {
  /** The value of the group column. */
  readonly value: string;
  /** In the files, before rows are resampled. */
  readonly rows: number;
  /** sha256, in hex, of the files that have rows of the group, as they stand on disk. */
  readonly sha256: readonly string[];
  /** Its data set, made anew by each call. Its notes are those on the group alone. @throws InputError. */
  make(): Dataset;
}

/** The groups of data files. */
export interface GroupDatasets {
  /** Sentences for a person on the files as a whole. */
  readonly notes: readonly string[];
  /** In the order in which they first occur. */
  readonly groups: readonly GroupDataset[];
}

/**
 * Reads data files once, as `readDataset` does. All groups have the same features; everything else, such as the usual step
 * or which numbers stand for no reading, is found in the rows of each group alone.
 *
 * @throws InputError as `readDataset`; where no row has a value in the group column.
 */
export async function readGroups(
  sources: readonly string[],
  options: DatasetOptions & { readonly groupColumn: string },
): Promise<GroupDatasets> {
  const { files, leftOut } = await readTables(sources, options);
  const notes = describeTables({ files, leftOut }, options);
  const ofFiles = new Set(notes);
  const parts = new Map<string, { file: DataFile; rows: Int32Array }[]>();
  for (const file of files) {
    for (const [group, rows] of rowsByGroup(file).entries()) {
      const value = file.groups!.names[group]!;
      if (value === "") {
        const count = rows.length === 1 ? "1 row has" : `${rows.length} rows have`;
        notes.push(`${file.file}: ${count} no value in column "${options.groupColumn}", and no model.`);
      } else parts.set(value, [...(parts.get(value) ?? []), { file, rows }]);
    }
  }
  if (parts.size === 0) throw new InputError(`No row has a value in column "${options.groupColumn}".`);
  const groups = [...parts].map(([value, own]) => ({
    value,
    rows: own.reduce((sum, { rows }) => sum + rows.length, 0),
    sha256: own.map(({ file }) => file.sha256),
    make: () => {
      const dataset = makeDataset(
        { files: own.map(({ file, rows }) => takeRows(file, rows, value)), leftOut },
        options,
      );
      return { ...dataset, notes: dataset.notes.filter((note) => !ofFiles.has(note)) };
    },
  }));
  return { notes, groups };
}

/** The rows of a group, as a file that has no others. */
function takeRows(file: DataFile, rows: Int32Array, group: string): DataFile {
  const { time, anomalous } = file;
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return {
    ...file,
    rows: rows.length,
    readRows: rows,
    features: file.features.map((feature) => ({ ...feature, values: take(feature.values) })),
    time: time && {
      ...time,
      ms: take(time.ms),
      text: time.text.length === 0 ? [] : Array.from(rows, (row) => time.text[row]!),
    },
    groups: { names: [group], of: new Int32Array(rows.length) },
    anomalous: anomalous && Uint8Array.from(rows, (row) => anomalous[row]!),
    texts: [],
  };
}
