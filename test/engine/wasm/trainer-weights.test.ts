import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Loss } from "../../../src/engine/engine.js";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { windowSize } from "../../../src/network/network.js";
import { someNumbers, someWeights, trainableNetworks } from "../network-arbitrary.js";

test("a weighted batch gives the mean of its windows' losses and gradients, each times its weight", async () => {
  await fc.assert(
    fc.asyncProperty(
      trainableNetworks,
      fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 1, maxLength: 12 }),
      fc.constantFrom<Loss>("mse", "mae"),
      fc.integer({ min: 1, max: 1_000 }),
      async (network, given, loss, seed) => {
        const windowWeights = Float32Array.from(given);
        const count = given.length;
        const size = windowSize(network);
        const inputs = someNumbers(seed + 100, count * size);
        const targets = someNumbers(seed + 101, count * size);
        const trainer = await createTrainer(network, someWeights(network, seed), { loss, seed, threads: 2 });
        try {
          const whole = await trainer.lossAndGradients(inputs, targets, count, windowWeights);
          const sums = new Map([...whole.gradients].map(([name, { data }]) => [name, data.map(() => 0)]));
          let sum = 0;
          for (let n = 0; n < count; n++) {
            const cut = (windows: Float32Array) => windows.subarray(n * size, (n + 1) * size);
            const one = await trainer.lossAndGradients(cut(inputs), cut(targets), 1);
            const share = windowWeights[n]! / count;
            sum += share * one.loss;
            for (const [name, total] of sums) {
              one.gradients.get(name)!.data.forEach((value, i) => {
                total[i]! += share * value;
              });
            }
          }
          assert.ok(Math.abs(whole.loss - sum) <= 1e-9 * sum, `loss ${whole.loss}, not ${sum}`);
          for (const [name, total] of sums) {
            const { data } = whole.gradients.get(name)!;
            const largest = total.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
            data.forEach((value, i) => {
              assert.ok(Math.abs(value - total[i]!) <= 1e-4 * largest + 1e-7, `${name}[${i}] is ${value}`);
            });
          }
        } finally {
          await trainer.close();
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("weights of 1 are none, and none are left over for the next batch", async (t) => {
  const network = buildNetwork({
    family: "composite",
    timesteps: 60,
    features: 2,
    units: [24],
    activation: "tanh",
  });
  const count = 150;
  const size = 60 * 2;
  const inputs = someNumbers(1, count * size);
  const targets = someNumbers(2, count * size);
  const start = async () => {
    const trainer = await createTrainer(network, someWeights(network, 1), {
      loss: "mse",
      seed: 3,
      threads: 2,
    });
    t.after(() => trainer.close());
    return trainer;
  };
  const [plain, weighted] = [await start(), await start()];
  const options = { learningRate: 1e-2, clipNorm: 0.5 };
  const ones = new Float32Array(count).fill(1);
  const stepped = await weighted.step(inputs, targets, count, { ...options, windowWeights: ones });
  assert.equal(stepped, await plain.step(inputs, targets, count, options));
  assert.deepEqual(weighted.weights(), plain.weights());

  // Only the last window, which is in another group than the first, counts.
  const last = new Float32Array(count);
  last[count - 1] = 3;
  const { loss } = await weighted.lossAndGradients(inputs, targets, count, last);
  const cut = (windows: Float32Array) => windows.subarray((count - 1) * size);
  const alone = await plain.lossAndGradients(cut(inputs), cut(targets), 1);
  assert.ok(Math.abs(loss - (3 / count) * alone.loss) <= 1e-9 * loss, `${loss}`);
  assert.equal(await weighted.evaluate(inputs, count), await plain.evaluate(inputs, count));
  const after = await weighted.lossAndGradients(inputs, inputs, 9);
  assert.deepEqual(after, await plain.lossAndGradients(inputs, inputs, 9));
  await assert.rejects(
    weighted.lossAndGradients(inputs, targets, count, ones.subarray(1)),
    /^RangeError: There are not 150 windows of \[60, 2\], or weights of theirs, in what was given\.$/,
  );
});
