/** The rows that detectors are judged on. */

import type { Dataset, Series } from "../data/dataset.js";
import type { RowRange } from "../data/table-form.js";
import { InputError } from "../errors.js";
import { stitchScores } from "../scoring/stitcher.js";
import { flaggedRuns, type Run, windowStarts } from "../scoring/windows.js";
import { readingsPresent, runningSum } from "../training/window-set.js";

/** The test rows of one series. */
export interface TestSeries {
  readonly series: Series;
  /** The starts of the windows that lie completely in the test rows and cross no gap. */
  readonly starts: Int32Array;
  /** [rows]: 1 where the row counts. */
  readonly counted: Uint8Array;
  /** [rows]: 1 for the test rows that directly follow those learnt from, a quarter as many. */
  readonly next: Uint8Array;
  /** The runs of consecutive test rows. */
  readonly stretches: readonly Run[];
}

/** The test rows of a file, and which of them count. */
export interface TestSet {
  /** T */
  readonly timesteps: number;
  readonly series: readonly TestSeries[];
  readonly rows: number;
  readonly countedRows: number;
  /** How many of the counted rows are anomalous. */
  readonly anomalousRows: number;
}

/** Which rows are learnt from and tested on. */
export interface TestSetOptions {
  /** T */
  readonly timesteps: number;
  readonly minCoverage: number;
  /** Rows that were learnt from. */
  readonly trainRows: RowRange | undefined;
  /** The rows to test on; all rows but `trainRows` where it is undefined. */
  readonly testRows: RowRange | undefined;
}

/**
 * Chooses the test rows and those of them that count; they are the same for every detector.
 *
 * - Windows lie completely in the test rows. None holds a row that was learnt from, and none crosses a gap or goes from
 *   one group to another. A row counts if a window covers it, and at least `minCoverage` of the readings in its windows
 *   are not missing. The first and the last T-1 rows of a run count too, though fewer windows cover them.
 * - The T-1 rows that follow the training rows count as well. Training leaves such rows out between its own sets, so that
 *   neither the choice of the epoch nor the threshold rests on near copies of the rows that were fitted on. But they are
 *   the rows that a service scores first, and benchmarks count them.
 * - Rows of runs that are too short for a window do not count: they are `rows - countedRows`.
 *
 * @param dataset labelled, with all rows of its files.
 * @throws InputError where no row counts.
 */
export function cutTestSet(dataset: Dataset, options: TestSetOptions): TestSet {
  const series = dataset.series.map((one) => cutSeries(one, dataset, options));
  let rows = 0;
  let countedRows = 0;
  let anomalousRows = 0;
  for (const { series: own, counted, stretches } of series) {
    for (const { start, end } of stretches) rows += end - start;
    counted.forEach((one, row) => {
      countedRows += one;
      anomalousRows += one * (own.anomalous?.[row] ?? 0);
    });
  }
  if (countedRows > 0) return { timesteps: options.timesteps, series, rows, countedRows, anomalousRows };
  const file = dataset.files.map((one) => one.file).join(", ");
  throw new InputError(
    rows === 0
      ? `${file} has no row to test on; leave some out of --rows.`
      : `${file} has ${rows} rows to test on, but no window of ${options.timesteps} that can be scored among them.`,
  );
}

function cutSeries(series: Series, dataset: Dataset, options: TestSetOptions): TestSeries {
  const { timesteps, trainRows, testRows } = options;
  const features = dataset.features.length;
  const isTest = Uint8Array.from(series.fileRows, (row) =>
    testRows === undefined ? (isIn(row, trainRows) ? 0 : 1) : isIn(row, testRows) ? 1 : 0,
  );
  const bounds = { timestampsMs: series.timestampsMs, maxGapMs: dataset.maxGapMs, groups: isTest };
  const starts = windowStarts(series.rows, timesteps, 1, bounds).filter((start) => isTest[start] === 1);
  const presentBefore = runningSum(series.rows, (row) => readingsPresent(series, row, features));
  const coverages = Float64Array.from(
    starts,
    (start) => (presentBefore[start + timesteps]! - presentBefore[start]!) / timesteps / features,
  );
  const coverage = stitchScores(coverages, starts, timesteps, series.rows);
  return {
    series,
    starts,
    counted: Uint8Array.from(coverage, (share) => (share >= options.minCoverage ? 1 : 0)),
    next: findNext(series, isTest, trainRows),
    stretches: flaggedRuns(isTest),
  };
}

const NEXT_SHARE = 0.25;

function findNext(
  { fileRows, rows }: Series,
  isTest: Uint8Array,
  trainRows: RowRange | undefined,
): Uint8Array {
  const next = new Uint8Array(rows);
  let learnt = 0;
  let last = rows;
  fileRows.forEach((fileRow, row) => {
    if (!isIn(fileRow, trainRows)) return;
    learnt++;
    last = row;
  });
  let left = Math.ceil(NEXT_SHARE * learnt);
  for (let row = last + 1; row < rows && left > 0; row++) {
    if (isTest[row] === 0) continue;
    next[row] = 1;
    left--;
  }
  return next;
}

function isIn(row: number, range: RowRange | undefined): boolean {
  return range !== undefined && row >= range.from && row < range.to;
}
