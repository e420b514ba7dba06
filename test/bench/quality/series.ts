/** A labelled series with the rows to learn from in front of those to test on. */
import { stitchScores } from "../../../src/scoring/stitcher.js";

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

/** What a detector makes of a series. */
export interface Scored {
  /** [test rows] */
  readonly scores: Float64Array;
  /** [test rows]: 1 where the row is flagged at 1 % false alarms; undefined where there is no threshold. */
  readonly flagged: Uint8Array | undefined;
  /** [test rows], by the normal scores of the forward folds; undefined without calibration. */
  readonly pValues: Float64Array | undefined;
  /** Whether the service would say that the normal level has moved, by all test rows; undefined where it says nothing. */
  readonly moved: boolean | undefined;
  /** Of the labelled causes that an event meets, the share of features named among as many as there are. */
  readonly causesNamed: number | undefined;
}

export function testLabels({ labels, trainRows }: QualitySeries): Uint8Array {
  return labels.subarray(trainRows);
}

/** The consecutive normal rows to learn from: [rows, F] each. */
export function normalRuns({ values, labels, trainRows, features }: QualitySeries): Float64Array[] {
  const runs: Float64Array[] = [];
  for (let row = 0; row < trainRows; row++) {
    if (labels[row] === 1) continue;
    const start = row;
    while (row + 1 < trainRows && labels[row + 1] === 0) row++;
    runs.push(values.subarray(start * features.length, (row + 1) * features.length));
  }
  return runs;
}

/** The first rows of all windows of normal rows to learn from. */
export function trainStarts({ labels, trainRows }: QualitySeries, timesteps: number): Int32Array {
  const starts: number[] = [];
  let free = 0;
  for (let row = 0; row < trainRows; row++) {
    if (labels[row] === 1) free = row + 1;
    if (row + 1 - timesteps >= free) starts.push(row + 1 - timesteps);
  }
  return Int32Array.from(starts);
}

/** The first rows of all windows that hold test rows alone. */
export function testStarts({ rows, trainRows }: QualitySeries, timesteps: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, rows - trainRows - timesteps + 1) }, (_, i) => trainRows + i);
}

/** Window scores as row scores, of the rows that windows cover: from the first start on, without the others. */
export function stitchCovered(scores: Float64Array, starts: Int32Array, timesteps: number): Float64Array {
  if (starts.length === 0) return new Float64Array(0);
  const first = starts[0]!;
  const rows = starts[starts.length - 1]! + timesteps - first;
  return stitchScores(
    scores,
    starts.map((start) => start - first),
    timesteps,
    rows,
  );
}
