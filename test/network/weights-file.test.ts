import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel } from "../../src/network/layers-model.js";
import { initialWeights } from "../../src/network/weights.js";
import { assertRefused, COMPOSITE, type DamageCase, type ModelJson, write } from "./written-model.js";

test("weights.bin may stand at any offset of a larger buffer", () => {
  const network = buildNetwork(COMPOSITE);
  const weights = initialWeights(network, 1);
  const { modelJson, weightsBin } = write(network, weights);
  const larger = new Uint8Array(weightsBin.length + 3);
  larger.set(weightsBin, 3);
  const back = readLayersModel(modelJson, larger.subarray(3), describeNetwork(network));
  assert.deepEqual(new Map(back.weights), new Map(weights));
});

const weightsOf = (model: ModelJson) => model.weightsManifest[0]!.weights;

const cases: readonly DamageCase[] = [
  ["a missing weight", (m) => void weightsOf(m).pop(), /Weight "prediction_output\/bias" is missing/],
  [
    "a weight too many",
    (m) => void weightsOf(m).push({ name: "stray/kernel", shape: [1], dtype: "float32" }),
    /Weight "stray\/kernel" belongs to no layer/,
  ],
  ["a weight listed twice", (m) => void weightsOf(m).push(weightsOf(m)[0]!), /is listed twice/],
  [
    "another weight shape",
    (m) => Object.assign(weightsOf(m)[0]!, { shape: [32, 3] }),
    /"encoder_1\/kernel" has shape \[32, 3\], not \[3, 32\]/,
  ],
  [
    "float16 weights",
    (m) => Object.assign(weightsOf(m)[0]!, { dtype: "float16" }),
    /has to be plain float32/,
  ],
  [
    "quantised weights",
    (m) => Object.assign(weightsOf(m)[0]!, { quantization: { dtype: "uint8" } }),
    /has to be plain float32/,
  ],
  [
    "weights elsewhere",
    (m) => Object.assign(m.weightsManifest[0]!, { paths: ["../weights.bin"] }),
    /weights\.bin alone/,
  ],
];
for (const refused of cases) {
  test(`refuses ${refused[0]}`, () => assertRefused(refused));
}

test("refuses weights.bin of another length, or with a value that is not finite", () => {
  const network = buildNetwork(COMPOSITE);
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const description = describeNetwork(network);
  assert.throws(
    () => readLayersModel(modelJson, weightsBin.subarray(4), description),
    /weights\.bin has \d+ bytes/,
  );
  const infinite = weightsBin.slice();
  new DataView(infinite.buffer).setFloat32(8, Number.POSITIVE_INFINITY, true);
  assert.throws(
    () => readLayersModel(modelJson, infinite, description),
    /Weight "encoder_1\/kernel" holds Infinity at position 2/,
  );
});
