import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepOptions } from "../../../src/engine/engine.js";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import type { Weights } from "../../../src/network/weights.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { withGru } from "../with-gru.js";

const LSTM_NETWORK = buildNetwork({
  family: "composite",
  timesteps: 6,
  features: 3,
  units: [9, 5],
  activation: "tanh",
});
const NETWORKS = { LSTM: LSTM_NETWORK, GRU: withGru(LSTM_NETWORK) };
const COUNT = 10;
const SIZE = COUNT * LSTM_NETWORK.timesteps * LSTM_NETWORK.features;

/** Adam in float64, as Keras states it. */
class ReferenceAdam {
  readonly #moments = new Map<string, { m: Float64Array; v: Float64Array }>();
  #step = 0;

  update(weights: Map<string, Float64Array>, gradients: Weights, options: StepOptions): void {
    this.#step++;
    let squares = 0;
    for (const { data } of gradients.values()) for (const g of data) squares += g * g;
    const norm = Math.sqrt(squares);
    const { clipNorm = Number.POSITIVE_INFINITY, learningRate } = options;
    const scale = Math.min(1, clipNorm / norm);
    const rate = (learningRate * Math.sqrt(1 - 0.999 ** this.#step)) / (1 - 0.9 ** this.#step);
    for (const [name, { data }] of gradients) {
      const { length } = data;
      const { m, v } = this.#moments.get(name) ?? {
        m: new Float64Array(length),
        v: new Float64Array(length),
      };
      this.#moments.set(name, { m, v });
      const w = weights.get(name)!;
      for (let n = 0; n < length; n++) {
        const g = data[n]! * scale;
        m[n]! += (g - m[n]!) * (1 - 0.9);
        v[n]! += (g * g - v[n]!) * (1 - 0.999);
        w[n]! -= (m[n]! * rate) / (Math.sqrt(v[n]!) + 1e-7);
      }
    }
  }
}

for (const [kind, network] of Object.entries(NETWORKS)) {
  for (const clipNorm of [undefined, 0.05, 1e6]) {
    test(`steps of a network of ${kind} are Adam's in float64, clipped at ${clipNorm}`, async (t) => {
      const start = someWeights(network, 5);
      const trainer = await createTrainer(network, start, { loss: "mse", seed: 1, threads: 2 });
      t.after(() => trainer.close());
      const adam = new ReferenceAdam();
      const want = new Map([...start].map(([name, { data }]) => [name, Float64Array.from(data)]));
      for (let step = 0; step < 8; step++) {
        const inputs = someNumbers(step, SIZE);
        const targets = someNumbers(step + 50, SIZE);
        // A rate that changes, as a schedule's does.
        const options = { learningRate: step < 4 ? 1e-2 : 1e-3, clipNorm };
        const { loss, gradients } = await trainer.lossAndGradients(inputs, targets, COUNT);
        assert.equal(await trainer.step(inputs, targets, COUNT, options), loss);
        adam.update(want, gradients, options);
      }
      for (const [name, { data }] of trainer.weights()) {
        data.forEach((value, n) => {
          const off = Math.abs(value - want.get(name)![n]!);
          assert.ok(off <= 2e-6, `${name}[${n}] is ${value}, not ${want.get(name)![n]}`);
        });
      }
    });
  }
}

test("the loss of one window goes to nearly nothing", async (t) => {
  const network = buildNetwork({
    family: "reconstruction",
    timesteps: 9,
    features: 1,
    units: [20],
    activation: "tanh",
  });
  const trainer = await createTrainer(network, someWeights(network, 3), { loss: "mse", seed: 1, threads: 1 });
  t.after(() => trainer.close());
  const ramp = Float32Array.from({ length: 9 }, (_, n) => (n + 1) / 10);
  const before = await trainer.evaluate(ramp, 1);
  for (let epoch = 0; epoch < 300; epoch++) {
    await trainer.step(ramp, ramp, 1, { learningRate: 1e-2, clipNorm: undefined });
  }
  const after = await trainer.evaluate(ramp, 1);
  assert.ok(after < 1e-3 && after < before / 50, `from ${before} to ${after}`);
});
