import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import type { Network } from "../../../src/network/network.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { type DropoutMask, referenceLoss } from "../reference-network.js";

const RATE = 0.3;

/** Dropout on a sequence (layer 1 of all) and on the embedding (layer 3). */
const NETWORK: Network = {
  timesteps: 4,
  inputSteps: 4,
  features: 3,
  encoder: [
    {
      kind: "lstm",
      name: "first",
      units: 10,
      activation: "tanh",
      recurrentActivation: "sigmoid",
      returnSequences: true,
    },
    { kind: "dropout", name: "sequenceDropout", rate: RATE },
    {
      kind: "lstm",
      name: "second",
      units: 6,
      activation: "tanh",
      recurrentActivation: "sigmoid",
      returnSequences: false,
    },
    { kind: "dropout", name: "embeddingDropout", rate: RATE },
  ],
  heads: [
    {
      name: "reconstruction",
      start: 0,
      steps: 4,
      reversed: false,
      layers: [
        { kind: "repeatVector", name: "repeat", times: 4 },
        {
          kind: "lstm",
          name: "decoder",
          units: 6,
          activation: "tanh",
          recurrentActivation: "sigmoid",
          returnSequences: true,
        },
        { kind: "timeDistributedDense", name: "output", units: 3, activation: "linear" },
      ],
    },
  ],
};
const LAYER_NUMBERS = new Map([
  ["sequenceDropout", 1],
  ["embeddingDropout", 3],
]);
const COUNT = 12;
const SIZE = COUNT * 12;

function mix(start: number): number {
  let x = (start + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The kernels' mask, written again from its definition. */
function maskOf(seed: number, step: number): DropoutMask {
  const limit = Math.floor(RATE * 2 ** 32);
  const scale = 1 / (1 - limit / 2 ** 32);
  return (layerName, window, element) => {
    const layer = LAYER_NUMBERS.get(layerName)!;
    const key = (mix(mix(mix(seed) ^ step) ^ layer) ^ window) >>> 0;
    return mix(mix(key) + element) >= limit ? scale : 0;
  };
}

test("a step's loss and weights are those of the masked network, each step with a mask of its own", async (t) => {
  const start = someWeights(NETWORK, 2);
  const trainer = await createTrainer(NETWORK, start, { loss: "mse", seed: 77, threads: 2 });
  t.after(() => trainer.close());
  const inputs = someNumbers(1, SIZE);
  const learningRate = 1e-3;
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const weights = trainer.weights();
    const want = referenceLoss(NETWORK, weights, inputs, inputs, COUNT, "mse", maskOf(77, step));
    const loss = await trainer.step(inputs, inputs, COUNT, { learningRate, clipNorm: undefined });
    assert.ok(Math.abs(loss - want) <= 1e-5 * want, `step ${step}: ${loss}, not ${want}`);
    losses.push(loss);
    if (step > 0) continue;
    // Adam's first step: the learning rate against the sign of the gradient, unless that is of epsilon's size.
    const after = trainer.weights();
    for (const name of ["first/kernel", "second/recurrent_kernel", "decoder/kernel"]) {
      const { data } = weights.get(name)!;
      const lossAt = (n: number, by: number): number => {
        const moved = Float64Array.from(data);
        moved[n]! += by;
        const all = new Map<string, { data: ArrayLike<number> }>(weights).set(name, { data: moved });
        return referenceLoss(NETWORK, all, inputs, inputs, COUNT, "mse", maskOf(77, 0));
      };
      for (let n = 0; n < data.length; n += 7) {
        const slope = (lossAt(n, 1e-6) - lossAt(n, -1e-6)) / 2e-6;
        const change = after.get(name)!.data[n]! - data[n]!;
        const expected = (-learningRate * slope) / (Math.abs(slope) + 1e-7 / Math.sqrt(1 - 0.999));
        assert.ok(Math.abs(change - expected) < 1e-5, `${name}[${n}] moved by ${change}, slope ${slope}`);
      }
    }
  }
  assert.equal(new Set(losses).size, 3);
});

test("evaluation and gradients alone do not drop", async (t) => {
  const weights = someWeights(NETWORK, 2);
  const trainer = await createTrainer(NETWORK, weights, { loss: "mae", seed: 77, threads: 2 });
  t.after(() => trainer.close());
  const inputs = someNumbers(1, SIZE);
  const want = referenceLoss(NETWORK, weights, inputs, inputs, COUNT, "mae");
  const evaluated = await trainer.evaluate(inputs, COUNT);
  const { loss } = await trainer.lossAndGradients(inputs, inputs, COUNT);
  assert.ok(Math.abs(evaluated - want) <= 1e-5 * want);
  assert.equal(loss, evaluated);
});

test("the mask drops its share of every layer, row and element, and neighbours independently", () => {
  const mask = maskOf(5, 9);
  const elements = 64;
  const rows = 512;
  const dropped = (row: number, element: number): number =>
    mask("embeddingDropout", row, element) === 0 ? 1 : 0;
  // Five standard deviations of a binomial share.
  const within = (share: number, rate: number, draws: number, what: string): void => {
    const most = 5 * Math.sqrt((rate * (1 - rate)) / draws);
    assert.ok(Math.abs(share - rate) < most, `${what}: ${share}, not ${rate}`);
  };
  let all = 0;
  let withNextElement = 0;
  let withNextRow = 0;
  for (let row = 0; row < rows; row++) {
    let inRow = 0;
    for (let element = 0; element < elements; element++) {
      const now = dropped(row, element);
      inRow += now;
      withNextElement += now * dropped(row, element + 1);
      withNextRow += now * dropped(row + 1, element);
    }
    within(inRow / elements, RATE, elements, `row ${row}`);
    all += inRow;
  }
  const draws = rows * elements;
  within(all / draws, RATE, draws, "all");
  within(withNextElement / draws, RATE ** 2, draws, "with the next element");
  within(withNextRow / draws, RATE ** 2, draws, "with the next row");
});
