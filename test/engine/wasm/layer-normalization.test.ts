/** Layer normalisation: the same bits with wide and with narrow vectors, and no training. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outputs } from "../../../src/engine/engine.js";
import { WasmEngine } from "../../../src/engine/wasm/engine.js";
import { SharedHeap } from "../../../src/engine/wasm/inference/heap.js";
import type { Kernels } from "../../../src/engine/wasm/kernels.js";
import { WorkerPool } from "../../../src/engine/wasm/pool/worker-pool.js";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { InputError } from "../../../src/errors.js";
import type { Network } from "../../../src/network/network.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { wideAndNarrow } from "./wide-and-narrow.js";

/** Normalised before an LSTM, behind it, as a vector, and as the head's last layer. */
function networkOf(features: number, units: number): Network {
  return {
    timesteps: 5,
    inputSteps: 5,
    features,
    encoder: [
      { kind: "layerNormalization", name: "first", epsilon: 0.01 },
      {
        kind: "lstm",
        name: "lstm",
        units,
        activation: "elu",
        recurrentActivation: "sigmoid",
        returnSequences: false,
      },
      { kind: "layerNormalization", name: "vector", epsilon: 0.1 },
    ],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: 5,
        reversed: false,
        layers: [
          { kind: "repeatVector", name: "repeat", times: 5 },
          { kind: "layerNormalization", name: "repeated", epsilon: 0.1 },
          { kind: "timeDistributedDense", name: "dense", units: features, activation: "elu" },
          { kind: "layerNormalization", name: "last", epsilon: 0.1 },
        ],
      },
    ],
  };
}

const NETWORKS = [1, 3, 8, 17].flatMap((features) => [1, 4, 13].map((units) => networkOf(features, units)));

async function answers(kernels: Kernels): Promise<Outputs[]> {
  const heap = new SharedHeap();
  const engine = new WasmEngine(heap, await WorkerPool.start(kernels, heap.memory, 1), kernels, {
    setting: "auto",
    log: () => undefined,
  });
  const all: Outputs[] = [];
  for (const [n, network] of NETWORKS.entries()) {
    const executable = await engine.compile(network, someWeights(network, n));
    for (const count of [1, 3, 8, 37]) {
      all.push(await executable.run(someNumbers(count, count * 5 * network.features), count));
    }
    await executable.close();
  }
  await engine.close();
  return all;
}

test("answers are the same", async () => {
  const { wide, narrow } = await wideAndNarrow("inference", answers);
  assert.ok(
    narrow.length > 0 && narrow.every(({ heads }) => heads.every((head) => head.every(Number.isFinite))),
  );
  assert.deepEqual(wide, narrow);
});

test("a trainer refuses the layer by name, and says what can be done", async () => {
  const network = networkOf(3, 4);
  await assert.rejects(
    createTrainer(network, someWeights(network, 1), { loss: "mse", seed: 1, threads: 1 }),
    (error) =>
      error instanceof InputError &&
      /^Layer "first" is a LayerNormalization, which has no training here: .*import it again\.$/.test(
        error.message,
      ),
  );
});
