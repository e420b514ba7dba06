/** GRU layers in TF.js's model files: written and read back, and refused where another order of operations is meant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import { validateNetwork } from "../../src/network/network.js";
import { isExpressibleInTfjs } from "../../src/network/topology-writer.js";
import { initialWeights } from "../../src/network/weights.js";
import { readGoldenCase } from "../engine/golden.js";

const { network, weights } = readGoldenCase("gru");

interface Topology {
  readonly config: { readonly layers: { readonly name: string; readonly config: Record<string, unknown> }[] };
}

/** The golden network's model.json with one setting of its first GRU changed. */
function changed(setting: string, value: unknown): { modelJson: unknown; weightsBin: Uint8Array } {
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  const copy = structuredClone(modelJson) as { modelTopology: Topology };
  const gru = copy.modelTopology.config.layers.find(({ name }) => name === "gru_1")!;
  gru.config[setting] = value;
  return { modelJson: copy, weightsBin };
}

test("what is written reads back as the same network and the same bits", () => {
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  const back = readLayersModel(JSON.parse(JSON.stringify(modelJson)), weightsBin, describeNetwork(network));
  assert.deepEqual(back.network, network);
  assert.deepEqual(new Map(back.weights), new Map(weights));
});

test("a GRU that resets the state before the product is refused, and so is one that does not say", () => {
  for (const value of [false, undefined, null, "true"]) {
    const { modelJson, weightsBin } = changed("reset_after", value);
    assert.throws(
      () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
      /reset_after of layer "gru_1" has to be true, not (false|missing|null|"true")/,
    );
  }
});

test("a GRU that runs backwards is refused", () => {
  const { modelJson, weightsBin } = changed("go_backwards", true);
  assert.throws(
    () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
    /go_backwards of layer "gru_1" has to be false/,
  );
});

test("tfjs-layers, which has the other GRU only, refuses the model", async () => {
  assert.equal(isExpressibleInTfjs(network), false);
  const plain = structuredClone(network);
  for (const layer of plain.encoder) Object.assign(layer, { recurrentActivation: "sigmoid" });
  validateNetwork(plain);
  assert.equal(isExpressibleInTfjs(plain), false);
  const { modelJson, weightsBin } = writeLayersModel(plain, weights);
  const { modelTopology, weightsManifest } = modelJson as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const artifacts = { modelTopology, weightSpecs, weightData: Uint8Array.from(weightsBin).buffer };
  await assert.rejects(loadLayersModel(tf.io.fromMemory(artifacts)), /reset_after/);
});

test("first weights: orthogonal recurrent kernels, and no bias", () => {
  const first = initialWeights(network, 5);
  const { shape, data } = first.get("gru_1/recurrent_kernel")!;
  const [rows, columns] = shape as [number, number];
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b <= a; b++) {
      let dot = 0;
      for (let n = 0; n < columns; n++) dot += data[a * columns + n]! * data[b * columns + n]!;
      assert.ok(Math.abs(dot - Number(a === b)) < 1e-5, `rows ${a} and ${b}: ${dot}`);
    }
  }
  assert.deepEqual(first.get("gru_1/bias")!.shape, [2, 72]);
  assert.ok(first.get("gru_1/bias")!.data.every((value) => value === 0));
});
