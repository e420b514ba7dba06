/** tfjs-layers, which reads the same files, gives the same numbers. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { buildNetwork, FAMILIES } from "../../src/network/architectures.js";
import { firstStateOf } from "../../src/network/first-states.js";
import type { Network } from "../../src/network/network.js";
import { isExpressibleInTfjs } from "../../src/network/topology-writer.js";
import { initialWeights, type Weights } from "../../src/network/weights.js";
import { GOLDEN_CASES, readGoldenCase } from "../engine/golden.js";
import { someNumbers, someWeights } from "../engine/network-arbitrary.js";
import { withFirstStates } from "../engine/network-variants.js";
import { COMPOSITE, write } from "./written-model.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");
const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());

function loadInTfjs(network: Network, weights: Weights): Promise<layers.LayersModel> {
  const { modelJson, weightsBin } = write(network, weights);
  return layers.loadLayersModel({
    load: async () => ({
      modelTopology: modelJson.modelTopology,
      weightSpecs: modelJson.weightsManifest[0]!.weights as tf.io.WeightsManifestEntry[],
      weightData: weightsBin.slice().buffer,
    }),
  });
}

/** Every head in tfjs-layers beside ours, within 1e-5 max(1, |b|). */
async function assertSameAsTfjs(
  network: Network,
  weights: Weights,
  windows: Float32Array,
  count: number,
): Promise<void> {
  const model = await loadInTfjs(network, weights);
  const { timesteps, inputSteps, features } = network;
  const read = new Float32Array(count * inputSteps * features);
  for (let n = 0; n < count; n++) {
    const from = n * timesteps * features;
    read.set(windows.subarray(from, from + inputSteps * features), n * inputSteps * features);
  }
  const input = tf.tensor3d(read, [count, inputSteps, features]);
  const predicted = model.predict(input);
  const theirs = Array.isArray(predicted) ? predicted : [predicted];
  assert.equal(theirs.length, network.heads.length);
  const executable = await engine.compile(network, weights);
  const ours = await executable.run(windows, count);
  await executable.close();
  for (const [at, head] of network.heads.entries()) {
    assert.deepEqual(theirs[at]!.shape, [count, head.steps, features]);
    const expected = ours.heads[at]!;
    for (const [i, value] of theirs[at]!.dataSync().entries()) {
      assert.ok(
        Math.abs(value - expected[i]!) <= 1e-5 * Math.max(1, Math.abs(expected[i]!)),
        `${head.name}[${i}]: ${value}, not ${expected[i]}`,
      );
    }
  }
  tf.dispose([input, ...theirs]);
  model.dispose();
}

function someWindows(network: Network, count: number): Float32Array {
  const length = count * network.timesteps * network.features;
  return Float32Array.from({ length }, (_, i) => Math.sin(0.7 * i) + 0.3 * Math.cos(2.1 * i));
}

for (const family of FAMILIES) {
  test(`tfjs-layers loads a ${family} network and gives its numbers`, async () => {
    const network = buildNetwork({ ...COMPOSITE, family, dropout: 0.3 });
    await assertSameAsTfjs(network, initialWeights(network, 3), someWindows(network, 4), 4);
  });
}

test("tfjs-layers loads a composite network with a horizon, reversed, relu and hard sigmoid", async () => {
  const network = buildNetwork({
    ...COMPOSITE,
    horizon: 2,
    reverse: true,
    activation: "relu",
    recurrentActivation: "hardSigmoid",
  });
  await assertSameAsTfjs(network, initialWeights(network, 4), someWindows(network, 3), 3);
});

test("tfjs-layers loads the golden networks it has words for", async () => {
  for (const name of GOLDEN_CASES) {
    const { network, weights, windows, count } = readGoldenCase(name);
    if (isExpressibleInTfjs(network)) await assertSameAsTfjs(network, weights, windows, count);
  }
});

test("tfjs-layers refuses a network with Keras 3's hard sigmoid rather than run another one", async () => {
  const network = buildNetwork({ ...COMPOSITE, recurrentActivation: "hardSigmoidKeras3" });
  assert.equal(isExpressibleInTfjs(network), false);
  assert.equal(isExpressibleInTfjs(buildNetwork({ ...COMPOSITE, activation: "hardSigmoidKeras3" })), false);
  await assert.rejects(
    loadInTfjs(network, initialWeights(network, 1)),
    /Unknown activation: hardSigmoidKeras3/,
  );
});

test("tfjs-layers normalises rows and has ELU as we do", async () => {
  const plain = buildNetwork({ ...COMPOSITE, activation: "elu" });
  const network: Network = {
    ...plain,
    encoder: [{ kind: "layerNormalization", name: "normalized", epsilon: 0.01 }, ...plain.encoder],
  };
  assert.equal(isExpressibleInTfjs(network), true);
  const windows = someNumbers(4, 5 * network.timesteps * network.features);
  await assertSameAsTfjs(network, someWeights(network, 9), windows, 5);
});

test("tfjs-layers starts an LSTM from the states of another one as we do", async () => {
  const plain = buildNetwork(COMPOSITE);
  const encoders = plain.encoder.filter(({ kind }) => kind === "lstm");
  const network = withFirstStates(plain);
  const started = network.heads
    .flatMap(({ layers: all }) => all)
    .filter((each) => firstStateOf(each) !== undefined);
  assert.ok(encoders.length > 0 && started.length >= 2);
  assert.equal(isExpressibleInTfjs(network), true);
  const windows = someNumbers(5, 4 * network.timesteps * network.features);
  await assertSameAsTfjs(network, someWeights(network, 10), windows, 4);
});
