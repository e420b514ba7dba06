import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dataset, Series } from "../../src/data/dataset.js";
import type { Executable } from "../../src/engine/engine.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { Random } from "../../src/network/random.js";
import { initialWeights } from "../../src/network/weights.js";
import { ScorerFitting } from "../../src/scoring/scorer-fitting.js";
import { prepareScoring } from "../../src/scoring/scoring-model.js";
import { compressSample, pValue } from "../../src/scoring/thresholds.js";
import { prepareWindows, scoreWindows } from "../../src/scoring/window-scoring.js";
import { cutWindows, windowStarts } from "../../src/scoring/windows.js";
import { chooseThresholds, poolCalibration, scoreNormal } from "../../src/training/calibration.js";
import { fitScorers } from "../../src/training/fit-scorers.js";
import { scoreSeries } from "../../src/training/series-scoring.js";
import { gatherWindows } from "../../src/training/window-reader.js";
import { type Split, splitDataset } from "../../src/training/window-set.js";
import { geometricMean, topFeatures } from "../scoring/scorers/fitted-scorers.js";

const TIMESTEPS = 6;
const FEATURES = 2;
const network = buildNetwork({
  family: "reconstruction",
  timesteps: TIMESTEPS,
  features: FEATURES,
  units: [5],
  activation: "tanh",
});
const model = prepareScoring({
  timesteps: TIMESTEPS,
  features: FEATURES,
  heads: network.heads,
  scaler: { kind: "standard", offset: [1, -1], scale: [2, 0.5] },
  clip: 20,
  minCoverage: 0.5,
});

let engine: Awaited<ReturnType<typeof createWasmEngine>>;
let executable: Executable;
before(async () => {
  engine = await createWasmEngine({ threads: 1 });
  executable = await engine.compile(network, initialWeights(network, 3));
});
after(async () => {
  await executable.close();
  await engine.close();
});

function series(rows: number, seed: number): Series {
  const random = new Random(seed);
  return {
    file: `${seed}.csv`,
    group: undefined,
    rows,
    values: Float64Array.from({ length: rows * FEATURES }, () =>
      random.below(20) === 0 ? Number.NaN : random.normal(),
    ),
    timestampsMs: undefined,
    anomalous: undefined,
    fileIndex: 0,
    fileRows: Int32Array.from({ length: rows }, (_, row) => row),
  };
}

function datasetOf(...all: Series[]): Dataset {
  return { files: [], features: ["a", "b"], series: all, maxGapMs: undefined, notes: [] };
}

function split(dataset: Dataset, calibration: number): Split {
  return splitDataset(dataset, {
    timesteps: TIMESTEPS,
    stride: 1,
    validation: 0,
    calibration,
    minCoverage: 0.5,
  });
}

test("a series is scored in pieces as it is in one: windows, timesteps and coverage", async () => {
  const one = series(1400, 1);
  const starts = windowStarts(one.rows, TIMESTEPS, 1);
  const inBatches: number[] = [];
  const scored = await scoreSeries(executable, model, ["squared", "absolute"], one, starts, {
    withFeatureError: true,
    onBatch: ({ scores }) => inBatches.push(...scores.score),
  });
  assert.deepEqual(Float64Array.from(inBatches), scored.scores.squared!.windows);
  const prepared = prepareWindows(model, cutWindows(one.values, FEATURES, starts, TIMESTEPS), starts.length);
  const outputs = await executable.run(prepared.scaled, starts.length);
  for (const scorer of ["squared", "absolute"] as const) {
    const whole = scoreWindows(model, scorer, prepared, outputs);
    assert.deepEqual(scored.scores[scorer]!.windows, whole.score);
    if (scorer === "squared") assert.deepEqual(scored.featureError, whole.featureError);
    // The rows in the middle are covered by T windows, the first by one.
    const mean = whole.score.subarray(95, 101).reduce((a, b) => a + b, 0) / TIMESTEPS;
    assert.ok(Math.abs(scored.scores[scorer]!.timesteps[100]! - mean) < 1e-12);
    assert.equal(scored.scores[scorer]!.timesteps[0], whole.score[0]);
  }
  assert.ok(scored.coverage.every((coverage) => coverage > 0.5 && coverage <= 1));
});

test("calibration takes all windows of the held-back part, and counts those that do not overlap", async () => {
  const dataset = datasetOf(series(300, 1), series(200, 2));
  const { calibration: windows } = split(dataset, 0.3);
  const calibration = poolCalibration([
    await scoreNormal(executable, model, dataset, windows, { stride: 1 }),
  ]);
  const starts = windows.start.subarray(0, windows.series.indexOf(1));
  const own = await scoreSeries(executable, model, ["squared"], dataset.series[0]!, starts);
  for (const scorer of ["squared", "absolute"] as const) {
    const { windows: sample, timesteps } = calibration[scorer]!;
    assert.equal(sample.n, windows.count);
    // Each part of c windows covers c + T - 1 rows.
    assert.equal(timesteps.n, windows.count + 2 * (TIMESTEPS - 1));
    const blocks = [starts.length, windows.count - starts.length].map((count) =>
      Math.ceil(count / TIMESTEPS),
    );
    assert.equal(sample.blocks, blocks[0]! + blocks[1]!);
    assert.equal(timesteps.blocks, sample.blocks);
  }
  for (const score of own.scores.squared!.windows)
    assert.ok(calibration.squared!.windows.values.includes(score));
  // No more than the rate of the sample itself is above the threshold, and one more would be too many.
  const thresholds = chooseThresholds(calibration, "squared", 0.05);
  const { values, n } = calibration.squared!.windows;
  const above = values.filter((score) => score > thresholds.value).length;
  assert.ok((above + 1) / (n + 1) <= 0.05 && (above + 2) / (n + 1) > 0.05);
  assert.ok(pValue(calibration.squared!.windows, thresholds.value) > 0.05);
  const strided = poolCalibration([await scoreNormal(executable, model, dataset, windows, { stride: 6 })]);
  assert.equal(strided.squared!.windows.n, calibration.squared!.windows.blocks);
  assert.equal(strided.squared!.timesteps.n, calibration.squared!.timesteps.n);
});

test("a rate the sample cannot carry becomes the smallest it can, with a warning", () => {
  const sample = (n: number, blocks: number) =>
    compressSample(
      Float64Array.from({ length: n }, (_, i) => i),
      blocks,
    );
  const calibration = { squared: { windows: sample(40, 4), timesteps: sample(60, 4) } };
  const chosen = chooseThresholds(calibration, "squared", 0.01);
  assert.equal(chosen.falseAlarmRate, 1 / 41);
  assert.equal(chosen.value, 39);
  assert.equal(chosen.timestepValue, 59);
  assert.match(
    chosen.warnings[0]!,
    /^40 calibration windows cannot carry a false-alarm rate of 0\.01; .* for 0\.0244/,
  );
  assert.match(chosen.warnings[1]!, /rests on 4 independent blocks .*\(41 would do\)/);
  const enough = { squared: { windows: sample(4000, 100), timesteps: sample(4031, 100) } };
  assert.deepEqual(chooseThresholds(enough, "squared", 0.01).warnings, []);
});

test("scorers learn from every window of a set, whatever runs the engine takes them in", async () => {
  const dataset = datasetOf(series(700, 5), series(40, 6));
  const { fit } = split(dataset, 0);
  assert.ok(fit.count > 512);
  const fitted = await fitScorers(executable, model, dataset, fit, [topFeatures, geometricMean]);
  const fitting = new ScorerFitting(model, [topFeatures, geometricMean]);
  for (let number = 0; number < fit.count; number++) {
    const prepared = prepareWindows(model, gatherWindows(dataset, fit, TIMESTEPS, [number]), 1);
    fitting.add(prepared, await executable.run(prepared.scaled, 1));
  }
  assert.deepEqual(fitted, fitting.finish());
  assert.deepEqual(
    [...fitted.values()].map(({ length }) => length),
    [FEATURES, 1],
  );
  assert.equal((await fitScorers(executable, model, dataset, fit)).size, 0);
});
