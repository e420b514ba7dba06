import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { type ArchitectureOptions, buildNetwork, FAMILIES } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import type { Network } from "../../src/network/network.js";
import { isExpressibleInTfjs } from "../../src/network/topology-writer.js";
import { initialWeights, type Weights } from "../../src/network/weights.js";
import { GOLDEN_CASES, readGoldenCase } from "../engine/golden.js";
import { anyOptions } from "./any-options.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");
const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());

interface ModelJson {
  readonly modelTopology: {
    class_name: string;
    config: {
      layers: {
        class_name: string;
        name: string;
        config: Record<string, unknown>;
        inbound_nodes: unknown[];
      }[];
      input_layers: unknown[];
      output_layers: unknown[];
    };
  };
  readonly weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: object }[];
  }[];
  format: string;
}

/** As read from disk: through JSON. */
function write(network: Network, weights: Weights): { modelJson: ModelJson; weightsBin: Uint8Array } {
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  return { modelJson: JSON.parse(JSON.stringify(modelJson)), weightsBin };
}

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

const base: ArchitectureOptions = {
  family: "composite",
  timesteps: 6,
  features: 3,
  units: [8, 5],
  activation: "tanh",
};

for (const family of FAMILIES) {
  test(`tfjs-layers loads a ${family} network and gives its numbers`, async () => {
    const network = buildNetwork({ ...base, family, dropout: 0.3 });
    await assertSameAsTfjs(network, initialWeights(network, 3), someWindows(network, 4), 4);
  });
}

test("tfjs-layers loads a composite network with a horizon, reversed, relu and hard sigmoid", async () => {
  const network = buildNetwork({
    ...base,
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
  const network = buildNetwork({ ...base, recurrentActivation: "hardSigmoidKeras3" });
  assert.equal(isExpressibleInTfjs(network), false);
  assert.equal(isExpressibleInTfjs(buildNetwork({ ...base, activation: "hardSigmoidKeras3" })), false);
  await assert.rejects(
    loadInTfjs(network, initialWeights(network, 1)),
    /Unknown activation: hardSigmoidKeras3/,
  );
});

test("what is written reads back as the same network and the same bits", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), (options, seed) => {
      const network = buildNetwork(options);
      const weights = initialWeights(network, seed);
      const { modelJson, weightsBin } = write(network, weights);
      const back = readLayersModel(modelJson, weightsBin, describeNetwork(network));
      assert.deepEqual(back.network, network);
      assert.deepEqual(new Map(back.weights), new Map(weights));
    }),
  );
});

test("weights.bin may stand at any offset of a larger buffer", () => {
  const network = buildNetwork(base);
  const weights = initialWeights(network, 1);
  const { modelJson, weightsBin } = write(network, weights);
  const larger = new Uint8Array(weightsBin.length + 3);
  larger.set(weightsBin, 3);
  const back = readLayersModel(modelJson, larger.subarray(3), describeNetwork(network));
  assert.deepEqual(new Map(back.weights), new Map(weights));
});

test("a tied kernel is written twice and has to stay the transpose", () => {
  const network = buildNetwork({ ...base, family: "stacked" });
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const names = modelJson.weightsManifest[0]!.weights.map(({ name }) => name);
  assert.ok(names.includes("encoder_1/kernel") && names.includes("reconstruction_output/kernel"));
  const damaged = weightsBin.slice();
  damaged[0]! ^= 1;
  assert.throws(
    () => readLayersModel(modelJson, damaged, describeNetwork(network)),
    /"reconstruction_output\/kernel" is not the transpose of "encoder_1\/kernel"/,
  );
});

type Damage = (model: ModelJson) => unknown;
const layer = (model: ModelJson, name: string) =>
  model.modelTopology.config.layers.find((each) => each.name === name)!;
const weightsOf = (model: ModelJson) => model.weightsManifest[0]!.weights;

const refused: [string, Damage, RegExp][] = [
  ["another format", (m) => Object.assign(m, { format: "graph-model" }), /format of model.json/],
  ["a sequential model", (m) => Object.assign(m.modelTopology, { class_name: "Sequential" }), /"Sequential"/],
  [
    "an unknown layer",
    (m) => Object.assign(layer(m, "encoder_1"), { class_name: "SimpleRNN" }),
    /"encoder_1" is of class "SimpleRNN"/,
  ],
  [
    "a layer inside that is no Dense",
    (m) =>
      Object.assign(layer(m, "prediction_output").config, { layer: { class_name: "Conv1D", config: {} } }),
    /inside "prediction_output" is a "Conv1D"/,
  ],
  [
    "an unknown activation",
    (m) => Object.assign(layer(m, "encoder_1").config, { activation: "selu" }),
    /activation of layer "encoder_1" is "selu"/,
  ],
  [
    "a recurrent activation left to a default",
    (m) => void delete layer(m, "encoder_1").config["recurrent_activation"],
    /recurrent_activation of layer "encoder_1" is missing/,
  ],
  [
    "an LSTM that runs backwards",
    (m) => Object.assign(layer(m, "encoder_1").config, { go_backwards: true }),
    /go_backwards of layer "encoder_1"/,
  ],
  [
    "units that are text",
    (m) => Object.assign(layer(m, "encoder_1").config, { units: "8" }),
    /units of layer "encoder_1" .* not "8"/,
  ],
  [
    "absurd units",
    (m) => Object.assign(layer(m, "encoder_1").config, { units: 1e12 }),
    /units of "encoder_1"/,
  ],
  [
    "an absurd number of steps",
    (m) => Object.assign(layer(m, "prediction_repeat").config, { n: 1e9 }),
    /"prediction_repeat"/,
  ],
  [
    "another input shape",
    (m) => Object.assign(layer(m, "window").config, { batch_input_shape: [null, 6, 4] }),
    /reads \[6, 4\], the manifest says \[6, 3\]/,
  ],
  [
    "a layer that reads itself",
    (m) => Object.assign(layer(m, "encoder_1"), { inbound_nodes: [[["encoder_2", 0, 0, {}]]] }),
    /reads itself/,
  ],
  [
    "a layer that reads two",
    (m) =>
      Object.assign(layer(m, "encoder_1"), {
        inbound_nodes: [
          [
            ["window", 0, 0],
            ["window", 0, 0],
          ],
        ],
      }),
    /"encoder_1" has to read one other layer/,
  ],
  [
    "a layer that reads nothing there is",
    (m) => Object.assign(layer(m, "encoder_1"), { inbound_nodes: [[["elsewhere", 0, 0, {}]]] }),
    /no layer "elsewhere"/,
  ],
  [
    "a layer that leads nowhere",
    (m) => void m.modelTopology.config.layers.push({ ...layer(m, "encoder_1"), name: "stray" }),
    /"stray" leads to no output/,
  ],
  [
    "two layers of one name",
    (m) => void m.modelTopology.config.layers.push(layer(m, "encoder_1")),
    /Two layers are named "encoder_1"/,
  ],
  [
    "a head that does not read the embedding",
    (m) => Object.assign(layer(m, "prediction_repeat"), { inbound_nodes: [[["encoder_1", 0, 0, {}]]] }),
    /"prediction" does not read the embedding layer "encoder_2"/,
  ],
  ["too few outputs", (m) => void m.modelTopology.config.output_layers.pop(), /leads to no output/],
  [
    "outputs in another order",
    (m) => void m.modelTopology.config.output_layers.reverse(),
    /Head "reconstruction" gives \[5, 3\], not \[6, 3\]/,
  ],
  [
    "ten thousand layers",
    (m) => void m.modelTopology.config.layers.push(...Array(10_000).fill(layer(m, "encoder_1"))),
    /the most is 1000/,
  ],
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
for (const [what, damage, sentence] of refused) {
  test(`refuses ${what}`, () => {
    const network = buildNetwork(base);
    const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
    damage(modelJson);
    assert.throws(
      () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
      (error: unknown) => error instanceof InputError && sentence.test(error.message),
    );
  });
}

test("refuses weights.bin of another length, or with a value that is not finite", () => {
  const network = buildNetwork(base);
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

test("refuses a description that does not fit", () => {
  const network = buildNetwork(base);
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const description = describeNetwork(network);
  const read = (change: Partial<typeof description>) => () =>
    readLayersModel(modelJson, weightsBin, { ...description, ...change });
  assert.throws(read({ embeddingLayer: "elsewhere" }), /no embedding layer "elsewhere"/);
  assert.throws(read({ embeddingLayer: "encoder_1" }), /Embedding layer "encoder_1" gives \[6, 8\]/);
  assert.throws(read({ heads: description.heads.slice(0, 1) }), /2 outputs for 1 heads/);
  assert.throws(
    read({ ties: [{ kernel: "encoder_1/bias", transposeOf: "encoder_2/bias" }] }),
    /is not the transpose/,
  );
  assert.throws(read({ ties: [{ kernel: "a/kernel", transposeOf: "b/kernel" }] }), /does not have both/);
});

test("any one value of model.json may be replaced by anything: it reads, or says why not", () => {
  const network = buildNetwork({ ...base, family: "stacked" });
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const places: [object: Record<string, unknown>, key: string][] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key]);
      collect(inner);
    }
  };
  collect(modelJson);
  fc.assert(
    fc.property(fc.nat(places.length - 1), fc.jsonValue(), (at, replacement) => {
      const [owner, key] = places[at]!;
      const original = owner[key];
      owner[key] = replacement;
      try {
        readLayersModel(modelJson, weightsBin, describeNetwork(network));
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      } finally {
        owner[key] = original;
      }
    }),
    { numRuns: 500 },
  );
});
