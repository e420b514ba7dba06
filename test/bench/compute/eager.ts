/**
 * The same networks through eager tfjs-layers `predict` on @tensorflow/tfjs-node-gpu, as most services run them.
 * Started by `bench engine` in a process of its own; prints windows per second by batch as JSON.
 */
import { createRequire } from "node:module";
import { loadNativeTensorFlow } from "../../../src/engine/tensorflow/native.js";
import { writeLayersModel } from "../../../src/network/layers-model.js";
import type { AutoencoderTask } from "./autoencoder-rate.js";
import { autoencoder, someWeights, someWindows } from "./networks.js";
import { measureRate } from "./rate.js";

interface EagerTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface EagerTensorFlow {
  loadLayersModel(handler: {
    load(): Promise<object>;
  }): Promise<{ predict(input: EagerTensor): EagerTensor }>;
  tensor3d(values: Float32Array, shape: readonly [number, number, number]): EagerTensor;
}

const task = JSON.parse(process.argv[2] ?? "") as AutoencoderTask;
// The engine's own loader brings the backend, and what the package needs to run on a current Node.
loadNativeTensorFlow();
const tf = createRequire(import.meta.url)("@tensorflow/tfjs-node-gpu") as EagerTensorFlow;
const network = autoencoder(task.shape, task.activation);
const { modelJson, weightsBin } = writeLayersModel(network, someWeights(network));
const { modelTopology, weightsManifest } = modelJson as {
  modelTopology: object;
  weightsManifest: readonly { weights: readonly object[] }[];
};
const model = await tf.loadLayersModel({
  load: async () => ({
    modelTopology,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
    weightData: weightsBin.slice().buffer,
  }),
});
const windowsPerSecond: Record<string, number> = {};
for (const batch of task.batches) {
  const windows = someWindows(batch, task.shape);
  const predict = (): void => {
    const input = tf.tensor3d(windows.slice(), [batch, task.shape[0], task.shape[1]]);
    const output = model.predict(input);
    output.dataSync();
    output.dispose();
    input.dispose();
  };
  const rate = await measureRate(predict, batch, task.rounds, task.seconds);
  windowsPerSecond[batch] = Math.round(rate.windowsPerSecond);
}
console.log(JSON.stringify(windowsPerSecond));
