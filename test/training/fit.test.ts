import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBudget } from "../../src/training/budget.js";
import { type FitOptions, fit } from "../../src/training/fit.js";
import type { WindowSource } from "../../src/training/window-reader.js";
import { LinearTrainer } from "./linear-trainer.js";

/** Windows of one reading each: their own number, plus 1. */
function source(count: number): WindowSource {
  return { count, read: (numbers) => Float32Array.from(numbers, (number) => number + 1) };
}
const none = source(0);

const options: FitOptions = {
  epochs: 20,
  batchSize: 4,
  learningRate: 0.01,
  patience: 4,
  clipNorm: 1,
  windowsPerEpoch: 1000,
  seed: 1,
};

test("an epoch sees every window once, in another order each time, the same for the same seed", async () => {
  const orders = async (seed: number) => {
    const trainer = new LinearTrainer();
    await fit(trainer, source(10), none, { ...options, epochs: 2, seed });
    assert.deepEqual(
      trainer.steps.map(({ inputs }) => inputs.length),
      [4, 4, 2, 4, 4, 2],
    );
    return [trainer.steps.slice(0, 3), trainer.steps.slice(3)].map((steps) =>
      steps.flatMap(({ inputs }) => [...inputs]),
    );
  };
  const [first, second] = await orders(1);
  const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  assert.deepEqual(
    first!.toSorted((a, b) => a - b),
    all,
  );
  assert.deepEqual(
    second!.toSorted((a, b) => a - b),
    all,
  );
  assert.notDeepEqual(first, second);
  assert.deepEqual(await orders(1), [first, second]);
  assert.notDeepEqual(await orders(2), [first, second]);
});

test("where there are more windows than an epoch takes, each epoch draws its own, none twice", async () => {
  const trainer = new LinearTrainer();
  await fit(trainer, source(100), none, { ...options, epochs: 3, windowsPerEpoch: 8 });
  const epochs = [0, 2, 4].map((at) => trainer.steps.slice(at, at + 2).flatMap(({ inputs }) => [...inputs]));
  for (const seen of epochs) assert.equal(new Set(seen).size, 8);
  assert.equal(trainer.steps.length, 6);
  assert.notDeepEqual(epochs[0], epochs[1]);
});

test("it stops when patience is out, and gives the weights of the best epoch", async () => {
  const trainer = new LinearTrainer({ validationLosses: [5, 3, 4, 4, 2.9999, 4] });
  const weights: number[] = [];
  const result = await fit(trainer, source(4), source(1), {
    ...options,
    onEpoch: () => weights.push(trainer.weight),
  });
  // 2.9999 is no gain worth an epoch.
  assert.equal(result.stopped, "patience");
  assert.equal(result.bestEpoch, 2);
  assert.equal(result.epochs.length, 6);
  assert.deepEqual(
    result.epochs.map(({ best }) => best),
    [true, true, false, false, false, false],
  );
  assert.equal(result.weights.get("w")!.data[0], Math.fround(weights[1]!));
  // Halved after half of the patience.
  assert.deepEqual(
    result.epochs.map(({ learningRate }) => learningRate),
    [0.01, 0.01, 0.01, 0.01, 0.005, 0.005],
  );
});

test("without validation all epochs run, at one learning rate, and the last weights are given", async () => {
  const trainer = new LinearTrainer();
  const result = await fit(trainer, source(4), none, { ...options, epochs: 50, patience: 1 });
  assert.equal(result.epochs.length, 50);
  assert.equal(result.stopped, "epochs");
  assert.equal(result.bestEpoch, 50);
  assert.ok(trainer.steps.every((step) => step.options.learningRate === 0.01 && step.options.clipNorm === 1));
  assert.ok(Math.abs(trainer.weight - 1) < 1e-3, `${trainer.weight}`);
});

test("a diverging run ends in a sentence", async () => {
  const run = fit(new LinearTrainer(), source(50), none, { ...options, epochs: 1000, learningRate: 1e6 });
  await assert.rejects(run, /^InputError: Training diverged in epoch \d+: .*nothing is published/);
  const validation = new LinearTrainer({ validationLosses: [1, Number.NaN] });
  await assert.rejects(fit(validation, source(4), source(1), options), /diverged in epoch 2/);
  const weights = new LinearTrainer({ weight: Number.NaN, validationLosses: [1] });
  await assert.rejects(fit(weights, source(1), none, { ...options, epochs: 1 }), /diverged/);
});

test("when it is aborted it ends the epoch and gives what it has", async () => {
  const controller = new AbortController();
  const trainer = new LinearTrainer({ validationLosses: [3, 2, 5, 1] });
  const result = await fit(trainer, source(10), source(1), {
    ...options,
    signal: controller.signal,
    onStep: ({ epoch }) => (epoch === 3 ? controller.abort() : undefined),
  });
  assert.equal(result.stopped, "aborted");
  assert.equal(result.epochs.length, 3);
  assert.equal(result.bestEpoch, 2);
  assert.equal(trainer.steps.length, 9);
});

test("corruption changes what is read, not what is to be given, and rescales nothing", async () => {
  const windows: WindowSource = {
    count: 400,
    read: (numbers) => new Float32Array(numbers.length * 5).fill(2),
  };
  const trainer = new LinearTrainer();
  const one = { ...options, epochs: 1, batchSize: 400 };
  await fit(trainer, windows, none, { ...one, corruption: { kind: "masking", rate: 0.3 } });
  const { inputs, targets } = trainer.steps[0]!;
  assert.ok(targets.every((x) => x === 2));
  assert.ok(inputs.every((x) => x === 0 || x === 2));
  const masked = inputs.filter((x) => x === 0).length / inputs.length;
  assert.ok(Math.abs(masked - 0.3) < 0.04, `${masked}`);

  const noisy = new LinearTrainer();
  await fit(noisy, windows, none, { ...one, corruption: { kind: "gaussian", stddev: 0.5 } });
  const noise = noisy.steps[0]!.inputs.map((x) => x - 2);
  const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
  const stddev = Math.sqrt(noise.reduce((a, b) => a + (b - mean) ** 2, 0) / noise.length);
  assert.ok(Math.abs(mean) < 0.05 && Math.abs(stddev - 0.5) < 0.05, `${mean} ${stddev}`);

  const again = new LinearTrainer();
  await fit(again, windows, none, { ...one, corruption: { kind: "gaussian", stddev: 0.5 } });
  assert.deepEqual(again.steps[0]!.inputs, noisy.steps[0]!.inputs);
});

test("an augmentation changes what is read and what is to be given, weighs it, and touches nothing else", async () => {
  const plain = new LinearTrainer({ validationLosses: [] });
  const augmented = new LinearTrainer();
  const corruption = { kind: "gaussian", stddev: 0.1 } as const;
  const both = { ...options, epochs: 2, learningRate: 1e-9, corruption };
  await fit(plain, source(10), source(3), both);
  const asked: number[][] = [];
  const result = await fit(augmented, source(10), source(3), {
    ...both,
    augmentation: {
      augment: (windows, numbers, random) => {
        asked.push([...Array.from(numbers, (number) => number + 1)]);
        assert.deepEqual([...windows], asked.at(-1));
        random.uniform();
        windows.forEach((value, i) => {
          windows[i] = value + 100;
        });
        return Float32Array.from(numbers, () => 0.5);
      },
    },
  });
  augmented.steps.forEach(({ targets, inputs, options: { windowWeights } }, n) => {
    const before = plain.steps[n]!;
    assert.deepEqual(
      targets,
      before.targets.map((value) => value + 100),
    );
    inputs.forEach((value, i) => {
      assert.ok(Math.abs(value - before.inputs[i]! - 100) < 1e-4, "the same noise");
    });
    assert.deepEqual([...windowWeights!], [...targets].fill(0.5));
    assert.equal(before.options.windowWeights, undefined);
  });
  assert.equal(asked.length, 6);
  // Validation windows, 1 to 3, given back as nearly 0.
  assert.ok(Math.abs(result.epochs[0]!.validationLoss! - 14 / 3) < 1e-3);
});

test("where it is not said how long, training goes on for longer where an epoch has few steps", () => {
  const of = (windows: number) => defaultBudget(windows, { batchSize: 32, windowsPerEpoch: 8192 });
  assert.deepEqual(of(100_000), { epochs: 100, patience: 10 });
  assert.deepEqual(of(961), { epochs: 259, patience: 33 });
  assert.deepEqual(of(1), { epochs: 1000, patience: 100 });
});
