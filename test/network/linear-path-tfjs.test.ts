/** A network with a linear path in tfjs-layers: the same model file gives the same numbers. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { writeLayersModel } from "../../src/network/layers-model.js";
import type { Network } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";
import { someNumbers, someWeights } from "../engine/network-arbitrary.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");
const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());

const COUNT = 4;
const base = { timesteps: 6, features: 3, units: [8, 5], activation: "tanh", linearPath: 4 } as const;
const cases: readonly ArchitectureOptions[] = [
  { ...base, family: "reconstruction", dropout: 0.3 },
  { ...base, family: "reconstruction", recurrentActivation: "hardSigmoid", linearPath: 18 },
  { ...base, family: "dense", activation: "relu" },
  { ...base, family: "stacked", linearPath: 1 },
  { ...base, family: "denoising", timesteps: 1, features: 7 },
  { ...base, family: "reconstruction", encoderReads: "window" },
  { ...base, family: "dense", encoderReads: "window" },
  { ...base, family: "stacked", linearPath: 1, encoderReads: "window" },
];

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

for (const options of cases) {
  const { family, timesteps, features, linearPath, encoderReads = "residual" } = options;
  test(`tfjs-layers loads ${family} T${timesteps} F${features} k${linearPath}, reading the ${encoderReads}, and gives its numbers, heads in order`, async () => {
    const network = buildNetwork(options);
    const weights = someWeights(network, 3);
    const windows = someNumbers(4, COUNT * timesteps * features);
    const model = await inTfjs(network, weights);
    const input = tf.tensor3d(windows, [COUNT, timesteps, features]);
    const theirs = model.predict(input) as tf.Tensor[];
    const executable = await engine.compile(network, weights);
    const { heads } = await executable.run(windows, COUNT);
    await executable.close();
    assert.equal(theirs.length, 2);
    for (const [at, ours] of heads.entries()) {
      assert.deepEqual(theirs[at]!.shape, [COUNT, timesteps, features]);
      for (const [i, value] of theirs[at]!.dataSync().entries()) {
        const error = Math.abs(value - ours[i]!) / Math.max(1, Math.abs(value));
        assert.ok(error <= 1e-5, `${network.heads[at]!.name}[${i}]: ${ours[i]}, not ${value}`);
      }
    }
    tf.dispose([input, ...theirs]);
    model.dispose();
  });
}

// Those of a stacked network's tied kernels are two in tfjs-layers.
for (const options of cases.filter((each) => each.encoderReads === "window" && each.family !== "stacked")) {
  test(`${options.family}: gradients through a path that is trained along are those of automatic differentiation`, async () => {
    const network = buildNetwork(options);
    const weights = someWeights(network, 5);
    const shape: [number, number, number] = [COUNT, options.timesteps, options.features];
    const windows = someNumbers(6, shape[0] * shape[1] * shape[2]);
    const model = await inTfjs(network, weights);
    const { value, grads } = tf.variableGrads(() => {
      const input = tf.tensor3d(windows, shape);
      const [reconstruction] = model.apply(input, { training: true }) as [tf.Tensor, tf.Tensor];
      return tf.mean(tf.square(tf.sub(reconstruction, input))) as tf.Scalar;
    });
    const trainer = await engine.train(network, weights, { loss: "mse", seed: 1 });
    const own = await trainer.lossAndGradients(windows, windows, COUNT);
    await trainer.close();
    const [loss] = value.dataSync() as unknown as [number];
    assert.ok(Math.abs(own.loss - loss) <= 1e-5 * loss, `loss ${own.loss}, not ${loss}`);
    // A name that another model has had gets a number.
    const named = new Map(model.weights.map(({ originalName, name }) => [originalName, name]));
    assert.deepEqual([...named.keys()].sort(), [...own.gradients.keys()].sort());
    for (const [name, { data }] of own.gradients) {
      const wanted = [...grads[named.get(name)!]!.dataSync()];
      const largest = wanted.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      assert.ok(largest > 0, name);
      data.forEach((one, i) => {
        assert.ok(Math.abs(one - wanted[i]!) <= 1e-5 * largest, `${name}[${i}]: ${one}, not ${wanted[i]}`);
      });
    }
    tf.dispose(grads);
    model.dispose();
  });
}
