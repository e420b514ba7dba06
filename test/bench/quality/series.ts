/** A labelled series with the rows to learn from in front of those to test on. */
import type { Dataset } from "../../../src/data/dataset.js";

export const SET_NAMES = ["SKAB", "SMD", "NAB", "power", "ECG", "UCR"] as const;
export type SetName = (typeof SET_NAMES)[number];

export interface QualitySeries {
  readonly set: SetName;
  readonly name: string;
  /** [F] */
  readonly features: readonly string[];
  readonly rows: number;
  /** [rows, F] in the file's units. */
  readonly values: Float64Array;
  /** [rows]: 1 where the row is labelled anomalous. */
  readonly labels: Uint8Array;
  /** Rows before this one are learnt from, where they are normal; those from it on are tested. */
  readonly trainRows: number;
  /** Which features a labelled stretch of the test rows is about, where the data say so; rows count from the first test row. */
  readonly causes: readonly Cause[];
  /** [rows]: when the rows were, as the file writes it, where models are to know it. */
  readonly times?: readonly string[] | undefined;
}

export interface Cause {
  readonly start: number;
  readonly end: number;
  readonly features: readonly number[];
}

export function testLabels({ labels, trainRows }: QualitySeries): Uint8Array {
  return labels.subarray(trainRows);
}

/** All rows, and those before `trainRows`, with their labels. */
export function datasetsOf(series: QualitySeries): { readonly whole: Dataset; readonly learnt: Dataset } {
  return { whole: firstRows(series, series.rows), learnt: firstRows(series, series.trainRows) };
}

function firstRows({ name, features, values, labels }: QualitySeries, rows: number): Dataset {
  const series = {
    file: name,
    group: undefined,
    rows,
    values: values.subarray(0, rows * features.length),
    timestampsMs: undefined,
    anomalous: labels.subarray(0, rows),
    fileIndex: 0,
    fileRows: Int32Array.from({ length: rows }, (_, row) => row),
  };
  return { files: [], features, series: [series], maxGapMs: undefined, notes: [] };
}
