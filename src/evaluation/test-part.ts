/** The rows of a file that a detector is judged on, and its judgement. */

import type { Dataset, Series } from "../data/dataset.js";
import type { RowRange } from "../data/table.js";
import { InputError } from "../errors.js";
import { stitchScores } from "../scoring/stitcher.js";
import { findRuns, type Run, windowStarts } from "../scoring/windows.js";
import { readingsPresent, runningSum } from "../training/window-set.js";
import type { Detector, DetectorName } from "./detector.js";
import { addCounts, auroc, averagePrecision, type Counts, countStretch, NO_COUNTS } from "./metrics.js";

interface TestSeries {
  readonly series: Series;
  /** Of the windows that lie in the test part whole, and cross no gap. */
  readonly starts: Int32Array;
  /** [rows]: 1 where the row counts. */
  readonly counted: Uint8Array;
  /** Consecutive rows of the test part. */
  readonly stretches: readonly Run[];
}

export interface TestPart {
  readonly series: readonly TestSeries[];
  readonly rows: number;
  readonly countedRows: number;
  /** Of the counted rows. */
  readonly anomalousRows: number;
}

export interface TestPartOptions {
  /** T */
  readonly timesteps: number;
  readonly minCoverage: number;
  /** Rows that were learnt from. */
  readonly trainRows: RowRange | undefined;
  /** All rows but those where it is undefined. */
  readonly testRows: RowRange | undefined;
}

/**
 * Which rows count, the same for every detector:
 *
 * - Windows lie in the test part whole: none holds a row that was learnt from, and none crosses a gap, a group or
 *   the border of the part. A row counts if a window covers it, and at least `minCoverage` of the readings in
 *   those windows are there. The first and the last T-1 rows of a run count too, though fewer windows cover them.
 * - Rows within T-1 of the training part count as well. Training purges such rows between its own parts, so that
 *   neither the choice of the epoch nor the threshold rests on near copies of what was fitted; what follows the
 *   training part directly is what a service scores first, and what benchmarks count.
 * - Rows of runs that are too short for a window count nowhere; `rows - countedRows` says how many there are.
 *
 * @param dataset of whole files, labelled.
 * Throws InputError where no row counts.
 */
export function cutTestPart(dataset: Dataset, options: TestPartOptions): TestPart {
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
  if (countedRows > 0) return { series, rows, countedRows, anomalousRows };
  const file = dataset.files.map((one) => one.file).join(", ");
  throw new InputError(
    rows === 0
      ? `${file} has no row to test on; leave some out of --rows.`
      : `${file} has ${rows} rows to test on, but no window of ${options.timesteps} that can be scored among them.`,
  );
}

function cutSeries(series: Series, dataset: Dataset, options: TestPartOptions): TestSeries {
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
    stretches: findRuns(series.rows, { groups: isTest }).filter(({ start }) => isTest[start] === 1),
  };
}

function isIn(row: number, range: RowRange | undefined): boolean {
  return range !== undefined && row >= range.from && row < range.to;
}

/** What one detector made of one file's test part. */
export interface DetectorRun {
  readonly detector: DetectorName;
  readonly seed: number | undefined;
  readonly threshold: number | undefined;
  readonly auroc: number | undefined;
  readonly averagePrecision: number | undefined;
  /** Undefined without a threshold. */
  readonly counts: Counts | undefined;
}

export async function judgeDetector(detector: Detector, part: TestPart): Promise<DetectorRun> {
  const { threshold } = detector;
  const scores = new Float64Array(part.countedRows);
  const labels = new Uint8Array(part.countedRows);
  let counts = NO_COUNTS;
  let at = 0;
  for (const { series, starts, counted, stretches } of part.series) {
    const own = await detector.scoreRows(series, starts);
    const anomalous = series.anomalous ?? new Uint8Array(series.rows);
    counted.forEach((one, row) => {
      if (one === 0) return;
      scores[at] = own[row]!;
      labels[at++] = anomalous[row]!;
    });
    if (threshold === undefined) continue;
    const flagged = Uint8Array.from(own, (score) => (score > threshold ? 1 : 0));
    for (const { start, end } of stretches) {
      const cut = (column: Uint8Array) => column.subarray(start, end);
      counts = addCounts(counts, countStretch(cut(anomalous), cut(flagged), cut(counted)));
    }
  }
  return {
    detector: detector.name,
    seed: detector.seed,
    threshold,
    auroc: auroc(scores, labels),
    averagePrecision: averagePrecision(scores, labels),
    counts: threshold === undefined ? undefined : counts,
  };
}
