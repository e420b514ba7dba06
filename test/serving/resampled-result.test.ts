import assert from "node:assert/strict";
import { test } from "node:test";
import { resultOfGivenRows } from "../../src/serving/resampled-result.js";
import type { SeriesResult } from "../../src/serving/score-result.js";

test("each of a million rows of the caller has the values of the row that it went into", async () => {
  const rows = 100_000;
  const given = 1_000_000;
  const features = 3;
  const rowOf = Int32Array.from({ length: given }, (_, i) => Math.floor((i * rows) / given));
  const featureError = Float32Array.from({ length: rows * features }, (_, i) => i);
  const result = {
    rows,
    score: Float64Array.from({ length: rows }, (_, row) => row / 3),
    anomalous: Int8Array.from({ length: rows }, (_, row) => row % 2),
    pValue: Float64Array.from({ length: rows }, (_, row) => 1 / (row + 1)),
    parts: { featureError, heads: new Map([["linear", featureError]]), bounds: undefined },
    windows: { starts: [0], timesteps: 4, featureNames: ["a", "b", "c"] },
    drift: null,
  } as unknown as SeriesResult;
  const spread = await resultOfGivenRows(result, { rowOf, last: undefined });
  assert.equal(spread.rows, given);
  const wrong = rowOf.findIndex(
    (row, i) =>
      spread.score[i] !== result.score[row] ||
      spread.anomalous[i] !== result.anomalous[row] ||
      spread.pValue[i] !== result.pValue[row] ||
      [0, 1, 2].some((f) => spread.parts!.featureError![i * features + f] !== row * features + f),
  );
  assert.equal(wrong, -1);
  assert.deepEqual(spread.parts!.heads.get("linear"), spread.parts!.featureError);
});
