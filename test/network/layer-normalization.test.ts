/** LayerNormalization in TF.js's model files: written and read back, and refused where it normalises something else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { describeNetwork, readLayersModel } from "../../src/network/layers-model.js";
import { type Network, validateNetwork } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { someWeights } from "../engine/network-arbitrary.js";
import { write } from "./written-model.js";

const network: Network = {
  timesteps: 4,
  inputSteps: 4,
  features: 3,
  encoder: [
    { kind: "layerNormalization", name: "rows", epsilon: 0.001 },
    { kind: "flatten", name: "flatten" },
    { kind: "layerNormalization", name: "whole", epsilon: 0.01 },
  ],
  heads: [
    {
      name: "reconstruction",
      start: 0,
      steps: 4,
      reversed: false,
      layers: [{ kind: "reshape", name: "reshape", shape: [4, 3] }],
    },
  ],
};

test("what is written reads back as the same network and the same bits", () => {
  const weights = someWeights(network, 3);
  const { modelJson, weightsBin } = write(network, weights);
  const back = readLayersModel(modelJson, weightsBin, describeNetwork(network));
  assert.deepEqual(back.network, network);
  assert.deepEqual(new Map(back.weights), new Map(weights));
});

test("a layer that normalises something else is refused, setting by setting", () => {
  for (const [setting, value, pattern] of [
    ["axis", [1], /axis of layer "rows" has to be \[-1\], not \[1\]/],
    ["axis", -1, /axis of layer "rows"/],
    ["center", false, /center of layer "rows" has to be true, not false/],
    ["scale", false, /scale of layer "rows" has to be true, not false/],
    ["rms_scaling", true, /rms_scaling of layer "rows" has to be false, not true/],
    ["epsilon", "small", /epsilon of layer "rows" has to be a number, not "small"/],
    ["epsilon", 0, /epsilon of "rows" has to be above 0 and below 1, not 0/],
  ] as const) {
    const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
    const layer = modelJson.modelTopology.config.layers.find(({ name }) => name === "rows")!;
    layer.config[setting] = value;
    assert.throws(
      () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
      (error) => error instanceof InputError && pattern.test(error.message),
      `${setting} ${JSON.stringify(value)}`,
    );
  }
});

test("first weights: a factor of 1, and nothing added", () => {
  validateNetwork(network);
  const first = initialWeights(network, 5);
  assert.deepEqual([...first.get("rows/gamma")!.data], [1, 1, 1]);
  assert.deepEqual([...first.get("rows/beta")!.data], [0, 0, 0]);
});
