import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dataset } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";
import type { Detector } from "../../src/evaluation/detector.js";
import { cutTestSet, judgeDetector } from "../../src/evaluation/test-set.js";

const ROWS = 30;

/** A row a minute; between rows 17 and 18 an hour is missing, rows 24 and 25 have no reading. Anomalous: 8, 9 and 19. */
function makeDataset(): Dataset {
  const values = Float64Array.from({ length: ROWS }, (_, row) => row);
  values[24] = Number.NaN;
  values[25] = Number.NaN;
  return {
    files: [],
    features: ["a"],
    series: [
      {
        file: "a.csv",
        group: undefined,
        rows: ROWS,
        values,
        timestampsMs: Float64Array.from(
          { length: ROWS },
          (_, row) => row * 60_000 + (row >= 18 ? 3_600_000 : 0),
        ),
        anomalous: Uint8Array.from({ length: ROWS }, (_, row) => ([8, 9, 19].includes(row) ? 1 : 0)),
        fileIndex: 0,
        fileRows: Int32Array.from({ length: ROWS }, (_, row) => row),
      },
    ],
    maxGapMs: 600_000,
    notes: [],
  };
}

const options = { timesteps: 4, minCoverage: 0.6, trainRows: { from: 10, to: 15 }, testRows: undefined };

function countedRows(testSet: ReturnType<typeof cutTestSet>): number[] {
  return [...testSet.series[0]!.counted].flatMap((counts, row) => (counts === 1 ? [row] : []));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test("no window holds a row that was learnt from, and rows without a window count nowhere", () => {
  const testSet = cutTestSet(makeDataset(), options);
  // Rows 15 to 17 stand between the training rows and the gap: too short a run for a window of 4.
  assert.deepEqual([...testSet.series[0]!.starts], [...range(0, 7), ...range(18, 27)]);
  // Of the windows around rows 24 and 25 too much is missing.
  assert.deepEqual(countedRows(testSet), [...range(0, 10), ...range(18, 24), ...range(26, 30)]);
  assert.deepEqual([testSet.rows, testSet.countedRows, testSet.anomalousRows], [25, 20, 3]);
});

test("--test-rows are all that is tested on", () => {
  const testSet = cutTestSet(makeDataset(), { ...options, testRows: { from: 4, to: 9 } });
  assert.deepEqual(countedRows(testSet), range(4, 9));
  assert.deepEqual([testSet.rows, testSet.countedRows, testSet.anomalousRows], [5, 5, 1]);
});

test("an empty test set, and one without a window, are refused with a reason", () => {
  assert.throws(
    () => cutTestSet(makeDataset(), { ...options, trainRows: { from: 0, to: ROWS } }),
    (error) => error instanceof InputError && /has no row to test on/.test(error.message),
  );
  assert.throws(
    () => cutTestSet(makeDataset(), { ...options, testRows: { from: 0, to: 3 } }),
    (error) => error instanceof InputError && /has 3 rows to test on, but no window of 4/.test(error.message),
  );
});

test("a detector is judged on the counted rows alone", async () => {
  const scores = Float64Array.from({ length: ROWS }, (_, row) => (row === 9 || row === 20 ? 2 : 0));
  // Where nothing counts, the wildest score changes nothing.
  for (const row of [12, 16, 25]) scores[row] = 99;
  const detector: Detector = {
    name: "l2-row",
    seed: undefined,
    threshold: 1,
    scoreRows: async () => scores,
  };
  const testSet = cutTestSet(makeDataset(), options);
  const run = await judgeDetector(detector, testSet);
  assert.deepEqual(run.counts, {
    hits: 1,
    misses: 2,
    falseAlarmRows: 1,
    quietRows: 16,
    events: 2,
    eventsFound: 1,
    falseAlarms: 1,
  });
  assert.ok(Math.abs(run.auroc! - (16.5 + 2 * 8) / 51) < 1e-12, `${run.auroc}`);
  const unjudged = await judgeDetector({ ...detector, threshold: undefined }, testSet);
  assert.equal(unjudged.counts, undefined);
  assert.equal(unjudged.auroc, run.auroc);
});
