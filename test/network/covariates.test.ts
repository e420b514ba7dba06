/** Networks that read covariates beside readings: built, written as model files, run by tfjs-layers and derived by it. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import { inputWidth, type Network, windowSize } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";
import { someNumbers, someWeights } from "../engine/network-arbitrary.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");
const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());

const base = { timesteps: 5, features: 3, covariates: 4, units: [6, 4], activation: "tanh" } as const;
const PLAIN: readonly ArchitectureOptions[] = [
  { ...base, family: "reconstruction" },
  { ...base, family: "reconstruction", cell: "gru", reverse: true },
  { ...base, family: "composite", horizon: 2 },
  { ...base, family: "prediction" },
  { ...base, family: "dense", features: 1, covariates: 2 },
  { ...base, family: "denoising" },
];
const BESIDE_A_PATH: readonly ArchitectureOptions[] = [
  { ...base, family: "dense", linearPath: 3 },
  { ...base, family: "dense", features: 1, timesteps: 1, linearPath: 1 },
  { ...base, family: "reconstruction", linearPath: 2 },
  { ...base, family: "dense", linearPath: 3, encoderReads: "window" },
];
const COUNT = 3;

/** Weights in which the linear path reads no covariate, as a file has to have them. */
function weightsOf(network: Network, seed: number): Weights {
  const weights = new Map(someWeights(network, seed));
  const { linearPath, features } = network;
  const kernel = linearPath && weights.get(`${linearPath.name}_project/kernel`);
  kernel?.data.forEach((_, i) => {
    if (Math.floor(i / linearPath!.components) % inputWidth(network) >= features) kernel.data[i] = 0;
  });
  return weights;
}

async function inTfjs(network: Network, weights: Weights): Promise<LayersModel> {
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(modelJson)) as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const weightData = Uint8Array.from(weightsBin).buffer;
  return await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

/** The windows as tfjs-layers takes them: the rows that the encoder reads. */
function inputOf(network: Network, windows: Float32Array): tf.Tensor3D {
  const all = tf.tensor3d(windows, [COUNT, network.timesteps, inputWidth(network)]);
  return tf.slice(all, [0, 0, 0], [-1, network.inputSteps, -1]);
}

for (const options of [...PLAIN, ...BESIDE_A_PATH]) {
  const network = buildNetwork(options);
  const { family, features, covariates, linearPath = "no" } = options;
  const what = `${family} of ${features} features and ${covariates} covariates, ${linearPath} components`;

  test(`${what}: reads [T, F + C], gives [steps, F], and comes back from its files`, () => {
    const weights = weightsOf(network, 2);
    const { modelJson, weightsBin } = writeLayersModel(network, weights);
    const json = JSON.parse(JSON.stringify(modelJson)) as {
      modelTopology: { config: { layers: { config: { batch_input_shape?: unknown } }[] } };
    };
    const { batch_input_shape: shape } = json.modelTopology.config.layers[0]!.config;
    assert.deepEqual(shape, [null, network.inputSteps, features + covariates!]);
    const back = readLayersModel(json, weightsBin, describeNetwork(network));
    assert.deepEqual(back.network, network);
    assert.deepEqual(new Map(back.weights), new Map(weights));
    const { covariates: _, ...fewer } = describeNetwork(network);
    assert.throws(() => readLayersModel(json, weightsBin, fewer), InputError);
  });

  // tfjs-layers has no GRU whose reset gate stands behind the product, as Keras's does.
  if (options.cell === "gru") continue;
  test(`${what}: tfjs-layers gives the same numbers`, async () => {
    const weights = weightsOf(network, 3);
    const windows = someNumbers(4, COUNT * windowSize(network));
    const model = await inTfjs(network, weights);
    const given = model.predict(inputOf(network, windows)) as tf.Tensor | tf.Tensor[];
    const theirs = Array.isArray(given) ? given : [given];
    const executable = await engine.compile(network, weights);
    const { heads } = await executable.run(windows, COUNT);
    await executable.close();
    assert.equal(theirs.length, network.heads.length);
    for (const [at, { name, steps }] of network.heads.entries()) {
      assert.deepEqual(theirs[at]!.shape, [COUNT, steps, features]);
      for (const [i, value] of theirs[at]!.dataSync().entries()) {
        const error = Math.abs(value - heads[at]![i]!) / Math.max(1, Math.abs(value));
        assert.ok(error <= 1e-5, `${name}[${i}]: ${heads[at]![i]}, not ${value}`);
      }
    }
    tf.dispose(theirs);
    model.dispose();
  });
}

for (const options of PLAIN.filter(({ cell, horizon }) => cell === undefined && horizon === undefined)) {
  test(`${options.family}: gradients are those of automatic differentiation`, async () => {
    const network = buildNetwork(options);
    const weights = weightsOf(network, 5);
    const windows = someNumbers(6, COUNT * windowSize(network));
    const model = await inTfjs(network, weights);
    const [head] = network.heads as [Network["heads"][0]];
    const { value, grads } = tf.variableGrads(() => {
      const whole = tf.tensor3d(windows, [COUNT, network.timesteps, inputWidth(network)]);
      const target = tf.slice(whole, [0, head.start, 0], [-1, head.steps, network.features]);
      const answer = model.apply(inputOf(network, windows), { training: true }) as tf.Tensor;
      return tf.mean(tf.square(tf.sub(answer, target))) as tf.Scalar;
    });
    const trainer = await engine.train(network, weights, { loss: "mse", seed: 1 });
    const own = await trainer.lossAndGradients(windows, windows, COUNT);
    await trainer.close();
    const [loss] = value.dataSync() as unknown as [number];
    assert.ok(Math.abs(own.loss - loss) <= 1e-5 * loss, `loss ${own.loss}, not ${loss}`);
    // A name that another model has had gets a number.
    const named = new Map(model.weights.map(({ originalName, name }) => [originalName, name]));
    assert.equal(named.size, own.gradients.size);
    for (const [name, { data }] of own.gradients) {
      const wanted = [...grads[named.get(name)!]!.dataSync()];
      const largest = wanted.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      data.forEach((one, i) => {
        assert.ok(
          Math.abs(one - wanted[i]!) <= 1e-4 * largest + 1e-7,
          `${name}[${i}]: ${one}, not ${wanted[i]}`,
        );
      });
    }
    tf.dispose(grads);
    model.dispose();
  });
}

test("a file whose linear path reads a covariate is refused", () => {
  const network = buildNetwork(BESIDE_A_PATH[0]!);
  const { modelJson, weightsBin } = writeLayersModel(network, someWeights(network, 1));
  assert.throws(
    () => readLayersModel(JSON.parse(JSON.stringify(modelJson)), weightsBin, describeNetwork(network)),
    (error) =>
      error instanceof InputError &&
      /"linear_project\/kernel" has \S+ in row 3, which stands for a calendar input/.test(error.message),
  );
});

test("tied kernels leave no place for covariates, and there is at least one where there are any", () => {
  assert.throws(
    () => buildNetwork({ ...base, family: "stacked" }),
    /cannot read inputs .* take family dense/,
  );
  assert.throws(() => buildNetwork({ ...base, family: "dense", covariates: 0 }), /covariates .* not 0/);
});
