import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dataset } from "../../src/data/dataset.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { Random } from "../../src/network/random.js";
import { pValue } from "../../src/scoring/thresholds.js";
import { type TrainEvents, type TrainOptions, trainModel } from "../../src/training/train-model.js";
import { oneSeries } from "../data/one-series.js";
import { QUICK_TRAINING } from "./quick-training.js";

const OPTIONS: TrainOptions = {
  ...QUICK_TRAINING,
  architecture: { family: "dense", timesteps: 6, units: [3], activation: "tanh" },
  linearPath: 0.7,
  stride: undefined,
  epochs: 6,
  patience: 2,
  windowsPerEpoch: undefined,
  folds: 3,
};

let engine: Awaited<ReturnType<typeof createWasmEngine>>;
before(async () => {
  engine = await createWasmEngine({ threads: 1 });
});
after(() => engine.close());

/** Two noisy waves; from row `calm` on the noise is small. */
function waves(rows: number, calm = rows): Dataset {
  const random = new Random(9);
  const values = Float64Array.from({ length: rows * 2 }, (_, i) => {
    const row = Math.floor(i / 2);
    return Math.sin(row / 3 + (i % 2)) + (row < calm ? 0.3 : 0.02) * random.normal();
  });
  return oneSeries(["a", "b"], values);
}

async function train(rows: number | Dataset, options: Partial<TrainOptions> = {}, events: TrainEvents = {}) {
  const said = { notes: [] as string[], choices: [] as string[], fits: [] as [number, number][] };
  const dataset = typeof rows === "number" ? waves(rows) : rows;
  const model = await trainModel(
    engine,
    dataset,
    { ...OPTIONS, ...options },
    {
      ...events,
      onNote: (note) => said.notes.push(note),
      onChoice: (line) => said.choices.push(line),
      onFit: ({ stage, epochs }) => said.fits.push([stage.number, epochs]),
    },
  );
  return { ...model, ...said };
}

test("three folds calibrate, and the last fit is on all rows for the median best epoch", async () => {
  const model = await train(600);
  assert.equal(model.windows.fit, 595);
  assert.equal(model.windows.validation, 0);
  assert.equal(model.folds.length, 3);
  // A sixth is 100 rows, of which five are purged.
  for (const { windows } of model.folds) assert.equal(windows.calibration, 90);
  assert.deepEqual(
    model.folds.map(({ windows }) => windows.fit + windows.validation < model.windows.fit),
    [true, true, true],
  );
  const best = model.folds.map(({ bestEpoch }) => bestEpoch).sort((a, b) => a - b);
  assert.equal(model.fit.bestEpoch, best[1]);
  assert.deepEqual(model.fits, [
    [1, 6],
    [2, 6],
    [3, 6],
    [0, best[1]],
  ]);
  assert.ok(model.fit.epochs.every(({ validationLoss }) => validationLoss === undefined));
  const { windows, timesteps } = model.calibration!.combined!;
  assert.equal(windows.n, 270);
  assert.equal(timesteps.n, 285);
  assert.equal(windows.blocks, 45);
  assert.equal(model.windows.calibration, 270);
});

test("beside a linear path the combined score is the default, with what it learnt from all folds", async () => {
  const model = await train(600);
  assert.deepEqual(model.scorers, ["combined", "squared", "absolute"]);
  assert.equal(model.threshold?.scorer, "combined");
  assert.match(
    model.choices.join("\n"),
    /^linear path: \d+ principal components? holds? 70 % of the variance/,
  );
  assert.deepEqual(
    model.network.heads.map(({ name }) => name),
    ["reconstruction", "linear"],
  );
  const sizes = model.scoring.fitted.get("combined")!;
  // The second is the 0.99 quantile of the pooled squared scores.
  const { values } = model.calibration!.squared!.windows;
  assert.equal(sizes[1], values[Math.ceil(0.99 * values.length) - 1]);
  assert.ok(sizes[0]! > sizes[1]!);
  const again = await train(600);
  assert.deepEqual(again.weights, model.weights);
  assert.deepEqual(again.calibration, model.calibration);
});

test("without a linear path everything but that is the same", async () => {
  const model = await train(600, { linearPath: null });
  assert.deepEqual(model.scorers, ["squared", "absolute"]);
  assert.equal(model.network.linearPath, undefined);
  assert.deepEqual(model.choices, ["no linear path"]);
  assert.equal(model.calibration!.squared!.windows.n, 270);
  assert.ok(pValue(model.calibration!.squared!.windows, 0) > 0.99);
  const { family, ...rest } = OPTIONS.architecture;
  const predicting = await train(600, { linearPath: null, architecture: { ...rest, family: "prediction" } });
  assert.deepEqual(predicting.choices, ["no linear path: family prediction has a prediction head"]);
});

test("a linear path that is trained along begins with the components, and is changed by training", async () => {
  const fixed = await train(600);
  const joint = await train(600, { linearPathTraining: "joint" });
  assert.equal(joint.network.linearPath?.encoderReads, "window");
  assert.deepEqual(joint.scorers, ["combined", "squared", "absolute"]);
  assert.match(joint.choices.join("\n"), /% of the variance of windows; it begins with them, and is trained/);
  const [begun, trained] = [fixed, joint].map(({ weights }) => weights.get("linear_expand/kernel")!.data);
  assert.notDeepEqual(trained, begun);
  const furthest = begun!.reduce((most, value, i) => Math.max(most, Math.abs(value - trained![i]!)), 0);
  assert.ok(furthest < 0.5, `${furthest} from the components, which have the length 1`);
  const corrupted = { kind: "masking", rate: 0.3 } as const;
  const others = await train(300, {
    folds: 0,
    linearPathTraining: "joint",
    corruption: corrupted,
    amplitude: 2,
  });
  assert.ok(others.fit.epochs.every(({ loss }) => loss < 2));
});

test("augmentation and corruption train beside a linear path too", async () => {
  const plain = await train(300, { folds: 0 });
  const corrupted = await train(300, { folds: 0, corruption: { kind: "masking", rate: 0.3 } });
  const moved = await train(300, { folds: 0, slowTrend: 1, amplitude: 2 });
  const kernels = [plain, corrupted, moved].map(({ weights }) =>
    weights.get("encoder_1/kernel")!.data.join(),
  );
  assert.equal(new Set(kernels).size, 3);
  for (const { fit } of [plain, corrupted, moved]) {
    assert.ok(
      fit.epochs.every(({ loss }) => loss < 2),
      "the network reads what is left, not the window",
    );
  }
});

test("a hand-set threshold is one on the error of the loss", async () => {
  const model = await train(300, { threshold: 0.5 });
  assert.deepEqual(model.threshold, {
    method: "value",
    scorer: "squared",
    falseAlarmRate: null,
    value: 0.5,
    timestepValue: 0.5,
  });
  assert.deepEqual(model.scorers, ["squared", "absolute", "combined"]);
});

test("where there is no room for folds they are fewer, then the last windows are held back; both is said", async () => {
  const two = await train(48);
  assert.ok(two.folds.length === 2 || two.folds.length === 1, `${two.folds.length}`);
  assert.match(two.notes.join("\n"), /^There is room for [12] of 3 forward folds\.$/m);
  const none = await train(17, { validation: 0 });
  assert.equal(none.folds.length, 0);
  assert.match(
    none.notes.join("\n"),
    /^There are too few rows for a forward fold: the last 20 % of the windows/m,
  );
});

test("folds whose scores differ say that the normal level moves", async () => {
  const moved = await train(waves(600, 450));
  assert.match(
    moved.notes.join("\n"),
    /^The score that 10 % of normal rows exceed is between \S+ and \S+ in the folds: the normal level moves/m,
  );
  const quantiles = moved.folds.map((fold) => fold.quantiles.combined!);
  assert.ok(Math.max(...quantiles) > 2 * Math.min(...quantiles));
  const still = await train(600);
  assert.doesNotMatch(still.notes.join("\n"), /normal level moves/);
});

test("a fold that lacks a feature's readings is left out", async () => {
  const dataset = waves(600);
  for (let row = 0; row < 340; row++) dataset.series[0]!.values[row * 2 + 1] = Number.NaN;
  const model = await train(dataset);
  assert.equal(model.folds.length, 2);
  assert.match(
    model.notes.join("\n"),
    /^A forward fold is left out: "b" had no reading in the rows it would fit on/m,
  );
});

test("training that is stopped during a fold gives that fold's model, calibrated by itself", async () => {
  const controller = new AbortController();
  let fits = 0;
  const model = await trainModel(
    engine,
    waves(600),
    { ...OPTIONS, signal: controller.signal },
    {
      onFit: () => {
        fits++;
      },
      onEpoch: () => {
        if (fits === 2) controller.abort();
      },
    },
  );
  assert.equal(fits, 2);
  assert.equal(model.fit.stopped, "aborted");
  assert.equal(model.folds.length, 1);
  assert.equal(model.calibration!.combined!.windows.n, 90);
  assert.equal(model.windows.fit, model.folds[0]!.windows.fit);
});
