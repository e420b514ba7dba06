/** A network with a linear path in tfjs-layers: the same model file gives the same numbers. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { writeLayersModel } from "../../src/network/layers-model.js";
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
];

for (const options of cases) {
  const { family, timesteps, features, linearPath } = options;
  test(`tfjs-layers loads ${family} T${timesteps} F${features} k${linearPath} and gives its numbers, heads in order`, async () => {
    const network = buildNetwork(options);
    const weights = someWeights(network, 3);
    const windows = someNumbers(4, COUNT * timesteps * features);
    const { modelJson, weightsBin } = writeLayersModel(network, weights);
    const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(modelJson)) as {
      modelTopology: object;
      weightsManifest: tf.io.WeightsManifestConfig;
    };
    const weightSpecs = weightsManifest.flatMap((group) => group.weights);
    const weightData = Uint8Array.from(weightsBin).buffer;
    const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
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
