import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { weightShapes } from "../../src/network/network.js";
import { checkWeights, initialWeights, type Tensor, type Weights } from "../../src/network/weights.js";

const network = buildNetwork({
  family: "composite",
  timesteps: 5,
  features: 3,
  units: [24, 7],
  activation: "tanh",
});
const weights = initialWeights(network, 7);

function changed(name: string, tensor: Tensor | undefined): Weights {
  const copy = new Map(weights);
  if (tensor === undefined) copy.delete(name);
  else copy.set(name, tensor);
  return copy;
}

test("initial weights are the network's, and follow the seed", () => {
  checkWeights(network, weights);
  assert.deepEqual([...weights.keys()], [...weightShapes(network).keys()]);
  assert.deepEqual(initialWeights(network, 7), weights);
  assert.notDeepEqual(initialWeights(network, 8), weights);
});

test("kernels fill the Glorot interval evenly", () => {
  const { data } = weights.get("encoder_2/kernel")!;
  const limit = Math.sqrt(6 / (24 + 28));
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  assert.ok(data.every((value) => Math.abs(value) <= limit));
  assert.ok(Math.abs(mean) < 0.1 * limit, `mean ${mean}`);
  assert.ok(Math.abs(variance / (limit ** 2 / 3) - 1) < 0.15, `variance ${variance}`);
});

test("recurrent kernels have orthonormal rows", () => {
  const { shape, data } = weights.get("encoder_1/recurrent_kernel")!;
  const [rows, columns] = [shape[0]!, shape[1]!];
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < rows; b++) {
      let product = 0;
      for (let i = 0; i < columns; i++) product += data[a * columns + i]! * data[b * columns + i]!;
      assert.ok(Math.abs(product - (a === b ? 1 : 0)) < 1e-6, `rows ${a} and ${b}: ${product}`);
    }
  }
});

test("forget gates start open, other biases at zero", () => {
  assert.deepEqual(
    [...weights.get("encoder_2/bias")!.data],
    Array.from({ length: 28 }, (_, at) => (at >= 7 && at < 14 ? 1 : 0)),
  );
  assert.ok(weights.get("prediction_output/bias")!.data.every((value) => value === 0));
});

const refused: [string, Weights, RegExp][] = [
  ["a missing weight", changed("encoder_1/bias", undefined), /"encoder_1\/bias" is missing/],
  [
    "a weight too many",
    changed("encoder_9/bias", { shape: [1], data: new Float32Array(1) }),
    /"encoder_9\/bias" belongs to no layer/,
  ],
  [
    "another shape",
    changed("encoder_1/kernel", { shape: [96, 3], data: new Float32Array(288) }),
    /"encoder_1\/kernel" has shape \[96, 3\].*not shape \[3, 96\]/,
  ],
  [
    "too few values",
    changed("encoder_1/kernel", { shape: [3, 96], data: new Float32Array(287) }),
    /"encoder_1\/kernel" has .* 287 values/,
  ],
  [
    "a value that is not finite",
    changed("prediction_output/bias", { shape: [3], data: new Float32Array([0, Number.NaN, 0]) }),
    /"prediction_output\/bias" holds NaN at position 1/,
  ],
];
for (const [what, wrong, sentence] of refused) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => checkWeights(network, wrong),
      (error: unknown) => error instanceof InputError && sentence.test(error.message),
    );
  });
}
