import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dataset } from "../../src/data/dataset.js";
import { cutBaselineParts } from "../../src/evaluation/baseline-parts.js";
import { createRandomDetector, fitBaselines } from "../../src/evaluation/baselines.js";
import { Random } from "../../src/network/random.js";
import { oneSeries } from "../data/one-series.js";

const TIMESTEPS = 4;

/** Two features in step, until the second stands still from row 400 on; row 450 is wild, a reading is missing. */
function makeDataset(): Dataset {
  const random = new Random(5);
  const rows = 500;
  const values = new Float64Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    const wave = Math.sin(row / 4);
    values[2 * row] = 100 + 10 * wave + 0.1 * random.normal();
    values[2 * row + 1] = (row < 400 ? wave : 0) + 0.01 * random.normal();
  }
  values[2 * 450] = 1e9;
  values[2 * 20] = Number.NaN;
  return oneSeries(["a", "b"], values);
}

/** The rows before 400, and how they are learnt from. */
function learntFrom(whole: Dataset): Dataset {
  const series = whole.series[0]!;
  return { ...whole, series: [{ ...series, rows: 400, values: series.values.subarray(0, 800) }] };
}

const settings = {
  ...{ timesteps: TIMESTEPS, minCoverage: 0.5, falseAlarmRate: 0.05 },
  ...{ stride: 1, folds: 0, validation: 0.1, calibration: 0.3 },
};

test("with forward folds all rows are fitted on, and each fold scores rows after those it fits on", () => {
  const learnt = learntFrom(makeDataset());
  const { fit, folds } = cutBaselineParts(learnt, { ...settings, folds: 3 });
  assert.deepEqual([fit.start[0], fit.start.at(-1), folds.length], [0, 400 - TIMESTEPS, 3]);
  let before = 200;
  for (const { fit: own, scored } of folds) {
    assert.equal(own.start[0], 0);
    assert.ok(own.start.at(-1)! + TIMESTEPS <= scored.start[0]!);
    assert.ok(scored.start[0]! >= before);
    before = scored.start.at(-1)! + TIMESTEPS;
  }
  assert.equal(before, 400);
  const held = cutBaselineParts(learnt, settings);
  assert.equal(held.folds.length, 1);
  assert.equal(held.folds[0]!.fit, held.fit);
});

test("normal scores of all folds set the threshold, and say whether the level has moved", async () => {
  const learnt = learntFrom(makeDataset());
  const detectors = await fitBaselines(learnt, cutBaselineParts(learnt, { ...settings, folds: 3 }), settings);
  for (const { name, threshold, normal } of detectors) {
    // Three folds score a sixth each, less the rows that are purged between.
    assert.equal(normal!.sample.n, 200 - 3 * (TIMESTEPS - 1), name);
    const above = [...normal!.sample.values].filter((score) => score > threshold!).length;
    assert.ok(above > 0 && above <= 0.05 * normal!.sample.n, `${name}: ${above}`);
    assert.equal(normal!.drift!.blockRows, TIMESTEPS);
  }
});

test("each baseline sees what it can see, by a threshold that normal rows seldom pass", async () => {
  const whole = makeDataset();
  const series = whole.series[0]!;
  const learnt = learntFrom(whole);
  const split = cutBaselineParts(learnt, settings);
  const detectors = await fitBaselines(learnt, split, settings);
  assert.deepEqual(
    detectors.map(({ name }) => name),
    ["l2-row", "l2-window", "pca-window-70", "pca-window"],
  );
  const starts = Int32Array.from({ length: 497 }, (_, start) => start);
  for (const { name, threshold, scoreRows } of detectors) {
    const scores = await scoreRows(series, starts);
    assert.equal(scores.length, 500);
    const held = scores.subarray(300, 400).filter((score) => score > threshold!).length;
    assert.ok(held <= 6, `${name}: ${held}`);
    // The clip bounds what one reading can do: a square of 20, a mean over two features.
    assert.ok(scores[450]! > threshold! && scores[450]! <= 401, `${name}: ${scores[450]}`);
    assert.ok(Number.isFinite(scores[20]!), name);
    const broken = scores.subarray(405, 440).filter((score) => score > threshold!).length;
    // Only the components know that the features go together.
    assert.equal(broken > 15, name.startsWith("pca-window"), `${name}: ${broken}`);
  }
  // A row's own distance, by hand: the reading that is missing is in no mean.
  const rowScores = await detectors[0]!.scoreRows(series, starts);
  let sum = 0;
  const fitted = split.fit.start.at(-1)! + TIMESTEPS;
  const column = Array.from({ length: fitted }, (_, row) => series.values[2 * row + 1]!);
  const mean = column.reduce((a, b) => a + b, 0) / fitted;
  for (const x of column) sum += (x - mean) ** 2;
  const expected = (series.values[41]! - mean) ** 2 / (sum / fitted);
  assert.ok(Math.abs(rowScores[20]! - expected) < 1e-5, `${rowScores[20]} ${expected}`);
});

test("random scores pass their threshold at the rate asked for, and follow from their seed", async () => {
  const series = { ...makeDataset().series[0]!, rows: 20_000 };
  const starts = new Int32Array(0);
  const detector = createRandomDetector(7, 0.02);
  const scores = await detector.scoreRows(series, starts);
  const flagged = scores.filter((score) => score > detector.threshold!).length / scores.length;
  assert.ok(Math.abs(flagged - 0.02) < 0.005, `${flagged}`);
  assert.deepEqual(await createRandomDetector(7, 0.02).scoreRows(series, starts), scores);
  assert.notDeepEqual(await createRandomDetector(8, 0.02).scoreRows(series, starts), scores);
});
