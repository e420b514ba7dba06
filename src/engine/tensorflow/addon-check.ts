/**
 * Runs one graph with the addon, checks its answer, and prints on which device it ran. `npm run tensorflow` starts it in
 * a process of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Network } from "../../network/network.js";
import { lowerNetwork } from "./graph.js";
import { loadNativeTensorFlow } from "./native.js";
import { SAVED_MODEL_TAG } from "./saved-model.js";

const network: Network = {
  timesteps: 1,
  inputSteps: 1,
  features: 2,
  encoder: [{ kind: "flatten", name: "flat" }],
  heads: [
    {
      name: "reconstruction",
      start: 0,
      steps: 1,
      reversed: false,
      layers: [
        { kind: "dense", name: "double", units: 2, activation: "linear" },
        { kind: "reshape", name: "window", shape: [1, 2] },
      ],
    },
  ],
};
const weights = new Map([
  ["double/kernel", { shape: [2, 2], data: new Float32Array([2, 0, 0, 2]) }],
  ["double/bias", { shape: [2], data: new Float32Array([1, -1]) }],
]);
const folder = mkdtempSync(join(tmpdir(), "residua-addon-"));
try {
  const tf = loadNativeTensorFlow();
  writeFileSync(join(folder, "saved_model.pb"), lowerNetwork(network, weights, { plain: { blockSteps: 1 } }));
  const model = await tf.node.loadSavedModel(folder, [SAVED_MODEL_TAG], "plain");
  const windows = tf.tensor(new Int32Array(new Float32Array([3, 4]).buffer), [1, 1, 2], "int32");
  const answer = [...model.predict({ windows })["head_0"]!.dataSync()];
  if (answer[0] !== 7 || answer[1] !== 7)
    throw new Error(`TensorFlow computed 2 * [3, 4] + [1, -1] as [${answer.join(", ")}].`);
  console.log(`One graph ran on ${tf.backend().isUsingGpuDevice ? "a GPU" : "the CPU"}.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
