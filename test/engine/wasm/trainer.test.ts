import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { InputError } from "../../../src/errors.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import type { Network } from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { referenceLoss } from "../reference-network.js";

const NETWORK = buildNetwork({
  family: "composite",
  timesteps: 7,
  features: 3,
  units: [21, 6],
  activation: "tanh",
  dropout: 0.2,
});
const WINDOW = NETWORK.timesteps * NETWORK.features;
const STEP = { learningRate: 1e-2, clipNorm: 0.5 };

function bytesOf(weights: Weights): Map<string, Uint8Array> {
  return new Map(
    [...weights].map(([name, { data }]) => [
      name,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ]),
  );
}

/** @param shortWork 0: every batch on the threads; left out: all of them, since they are small, on the calling thread. */
async function trained(
  threads: number,
  shortWork?: number,
): Promise<{ losses: number[]; weights: Map<string, Uint8Array> }> {
  const trainer = await createTrainer(NETWORK, someWeights(NETWORK, 1), {
    loss: "mse",
    seed: 3,
    threads,
    ...(shortWork === undefined ? {} : { shortWork }),
  });
  const losses: number[] = [];
  for (const [n, count] of [37, 37, 5, 1, 64].entries()) {
    const inputs = someNumbers(n, count * WINDOW);
    const targets = someNumbers(n + 9, count * WINDOW);
    losses.push(await trainer.step(inputs, targets, count, STEP));
  }
  losses.push(await trainer.evaluate(someNumbers(20, 150 * WINDOW), 150));
  const weights = bytesOf(trainer.weights());
  await trainer.close();
  return { losses, weights };
}

test("the same bytes on 1, 2 and 3 threads, and on the calling thread", async () => {
  const one = await trained(1, 0);
  assert.deepEqual(await trained(2, 0), one);
  assert.deepEqual(await trained(3, 0), one);
  assert.deepEqual(await trained(2), one);
});

test("another seed drops others", async (t) => {
  const inputs = someNumbers(1, 8 * WINDOW);
  const losses = await Promise.all(
    [3, 4].map(async (seed) => {
      const trainer = await createTrainer(NETWORK, someWeights(NETWORK, 1), {
        loss: "mse",
        seed,
        threads: 1,
      });
      t.after(() => trainer.close());
      return trainer.step(inputs, inputs, 8, STEP);
    }),
  );
  assert.notEqual(losses[0], losses[1]);
});

test("nothing of one batch is left in the next, whatever their sizes", async (t) => {
  const weights = someWeights(NETWORK, 1);
  const start = async () => {
    const trainer = await createTrainer(NETWORK, weights, { loss: "mse", seed: 3, threads: 2 });
    t.after(() => trainer.close());
    return trainer;
  };
  const used = await start();
  for (const count of [40, 3, 90])
    await used.lossAndGradients(someNumbers(count, count * WINDOW), someNumbers(1, count * WINDOW), count);
  const inputs = someNumbers(5, 11 * WINDOW);
  const fresh = await (await start()).lossAndGradients(inputs, inputs, 11);
  assert.deepEqual(await used.lossAndGradients(inputs, inputs, 11), fresh);
});

test("evaluation is the mean loss over any number of windows", async (t) => {
  const weights = someWeights(NETWORK, 8);
  const trainer = await createTrainer(NETWORK, weights, { loss: "mae", seed: 1, threads: 2 });
  t.after(() => trainer.close());
  for (const count of [1, 2, 63, 64, 65, 150]) {
    const windows = someNumbers(count, count * WINDOW);
    const want = referenceLoss(NETWORK, weights, windows, windows, count, "mae");
    const loss = await trainer.evaluate(windows, count);
    assert.ok(Math.abs(loss - want) <= 1e-5 * want, `${count} windows: ${loss}, not ${want}`);
  }
});

test("a loss that is not finite changes nothing, and training goes on", async (t) => {
  const start = async () => {
    const trainer = await createTrainer(NETWORK, someWeights(NETWORK, 1), {
      loss: "mse",
      seed: 3,
      threads: 2,
    });
    t.after(() => trainer.close());
    return trainer;
  };
  const inputs = someNumbers(1, 6 * WINDOW);
  const spoilt = inputs.slice();
  spoilt[2 * WINDOW] = Number.NaN;
  const shaken = await start();
  assert.ok(Number.isNaN(await shaken.step(spoilt, inputs, 6, STEP)));
  assert.ok(!Number.isFinite(await shaken.step(inputs, spoilt.fill(3e38), 6, STEP)));
  assert.deepEqual(shaken.weights(), someWeights(NETWORK, 1));
  const calm = await start();
  // Dropout counts steps, so the other trainer has to have begun as many.
  for (let n = 0; n < 2; n++) await calm.step(inputs.slice().fill(Number.NaN), inputs, 6, STEP);
  for (let n = 0; n < 3; n++) {
    assert.equal(await shaken.step(inputs, inputs, 6, STEP), await calm.step(inputs, inputs, 6, STEP));
  }
  assert.deepEqual(shaken.weights(), calm.weights());
  for (const { data } of calm.weights().values()) assert.ok(data.every(Number.isFinite));
});

test("a gradient that is not finite changes nothing either, and the step says so", async (t) => {
  const network: Network = {
    timesteps: 1,
    inputSteps: 1,
    features: 1,
    encoder: [
      { kind: "flatten", name: "flatten" },
      { kind: "dense", name: "small", units: 1, activation: "linear" },
    ],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: 1,
        reversed: false,
        layers: [
          { kind: "dense", name: "large", units: 1, activation: "linear" },
          { kind: "reshape", name: "reshape", shape: [1, 1] },
        ],
      },
    ],
  };
  const one = (value: number, shape: number[]) => ({ shape, data: Float32Array.of(value) });
  const weights = new Map([
    ["small/kernel", one(1e-30, [1, 1])],
    ["small/bias", one(0, [1])],
    ["large/kernel", one(1e30, [1, 1])],
    ["large/bias", one(0, [1])],
  ]);
  const trainer = await createTrainer(network, weights, { loss: "mse", seed: 1, threads: 1 });
  t.after(() => trainer.close());
  const inputs = Float32Array.of(1e9);
  const targets = Float32Array.of(0);
  assert.ok(Number.isFinite((await trainer.lossAndGradients(inputs, targets, 1)).loss));
  assert.ok(Number.isNaN(await trainer.step(inputs, targets, 1, STEP)));
  assert.deepEqual(trainer.weights(), weights);
});

test("a batch of several groups gives the mean of its parts", async (t) => {
  const network = buildNetwork({
    family: "composite",
    timesteps: 100,
    features: 2,
    units: [24],
    activation: "tanh",
  });
  const size = 100 * 2;
  const inputs = someNumbers(1, 150 * size);
  const targets = someNumbers(2, 150 * size);
  const trainer = await createTrainer(network, someWeights(network, 1), { loss: "mse", seed: 3, threads: 2 });
  t.after(() => trainer.close());
  const whole = await trainer.lossAndGradients(inputs, targets, 150);
  const other = await createTrainer(network, someWeights(network, 1), { loss: "mse", seed: 3, threads: 3 });
  t.after(() => other.close());
  assert.deepEqual(await other.lossAndGradients(inputs, targets, 150), whole);
  // Windows of one part are too few for a second group.
  const means = new Map(
    [...whole.gradients].map(([name, { data }]) => [name, new Float64Array(data.length)]),
  );
  let loss = 0;
  for (let first = 0; first < 150; first += 15) {
    const [from, to] = [first * size, (first + 15) * size];
    const part = await trainer.lossAndGradients(inputs.subarray(from, to), targets.subarray(from, to), 15);
    loss += part.loss / 10;
    for (const [name, mean] of means) {
      part.gradients.get(name)!.data.forEach((value, n) => {
        mean[n]! += value / 10;
      });
    }
  }
  assert.ok(Math.abs(whole.loss - loss) <= 1e-9 * loss, `loss ${whole.loss}, not ${loss}`);
  for (const [name, mean] of means) {
    const largest = mean.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    whole.gradients.get(name)!.data.forEach((value, n) => {
      assert.ok(Math.abs(value - mean[n]!) <= 1e-5 * largest, `${name}[${n}] is ${value}, not ${mean[n]}`);
    });
  }
});

test("steps asked for at once run one after the other", async (t) => {
  const start = async () => {
    const trainer = await createTrainer(NETWORK, someWeights(NETWORK, 1), {
      loss: "mse",
      seed: 3,
      threads: 2,
    });
    t.after(() => trainer.close());
    return trainer;
  };
  const inputs = someNumbers(1, 6 * WINDOW);
  const [hurried, patient] = [await start(), await start()];
  const losses = await Promise.all([1, 2, 3].map(() => hurried.step(inputs, inputs, 6, STEP)));
  for (const loss of losses) assert.equal(await patient.step(inputs, inputs, 6, STEP), loss);
  assert.deepEqual(hurried.weights(), patient.weights());
});

test("what cannot be trained is refused", async (t) => {
  const weights = someWeights(NETWORK, 1);
  await assert.rejects(
    createTrainer({ ...NETWORK, heads: [] }, weights, { loss: "mse", seed: 1, threads: 1 }),
    InputError,
  );
  await assert.rejects(createTrainer(NETWORK, new Map(), { loss: "mse", seed: 1, threads: 1 }), InputError);
  const trainer = await createTrainer(NETWORK, weights, { loss: "mse", seed: 1, threads: 1 });
  t.after(() => trainer.close());
  const few = new Float32Array(WINDOW);
  await assert.rejects(trainer.step(few, few, 2, STEP), RangeError);
  await assert.rejects(trainer.step(few, few, 0, STEP), RangeError);
  await assert.rejects(trainer.evaluate(few, 0), RangeError);
  for (const count of [0.5, -1, Number.NaN]) {
    await assert.rejects(trainer.step(few, few, count, STEP), {
      name: "RangeError",
      message: `A batch has a whole number of windows of at least 1, not ${count}.`,
    });
  }
  assert.ok(Number.isFinite(await trainer.step(few, few, 1, STEP)));
});
