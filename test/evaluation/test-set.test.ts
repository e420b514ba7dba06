import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { cutTestSet } from "../../src/evaluation/test-set.js";
import { makeDataset, ROWS } from "./labelled-rows.js";

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
  // Five rows were learnt from.
  assert.deepEqual(
    [...testSet.series[0]!.next].flatMap((isNext, row) => (isNext === 1 ? [row] : [])),
    [15, 16],
  );
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
