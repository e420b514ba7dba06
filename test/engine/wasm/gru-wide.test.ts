/** GRU layers give the same bits with wide and with narrow vectors, whatever the units and the rows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Kernels } from "../../../src/engine/wasm/kernels.js";
import { WasmTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import type { Network } from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { withGru } from "../with-gru.js";
import { answersOf, wideAndNarrow } from "./wide-and-narrow.js";

const NETWORKS: readonly Network[] = [1, 4, 5, 13, 16, 23, 34].flatMap((units) =>
  (["relu", "tanh", "sigmoid"] as const).map((activation) =>
    withGru(
      buildNetwork({
        family: "composite",
        timesteps: 5,
        horizon: 2,
        features: 3,
        units: [units],
        activation,
      }),
    ),
  ),
);
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 37];

async function trained(kernels: Kernels): Promise<{ losses: number[]; weights: Weights }[]> {
  const all: { losses: number[]; weights: Weights }[] = [];
  for (const [n, network] of NETWORKS.entries()) {
    const trainer = new WasmTrainer(kernels, network, someWeights(network, n), {
      loss: "mse",
      seed: 3,
      threads: 2,
    });
    const losses: number[] = [];
    for (const count of [1, 3, 8, 37]) {
      const windows = someNumbers(count, count * network.timesteps * network.features);
      const clipNorm = count % 2 === 0 ? undefined : 0.1;
      losses.push(await trainer.step(windows, windows, count, { learningRate: 1e-2, clipNorm }));
    }
    all.push({ losses, weights: trainer.weights() });
    await trainer.close();
  }
  return all;
}

test("answers are the same", async () => {
  const { wide, narrow } = await wideAndNarrow("inference", (kernels) =>
    answersOf(kernels, NETWORKS, COUNTS),
  );
  assert.deepEqual(
    narrow.flatMap((answer, n) => (isDeepStrictEqual(wide[n], answer) ? [] : [n])),
    [],
  );
});

test("losses and trained weights are the same", async () => {
  const { wide, narrow } = await wideAndNarrow("training", trained);
  assert.ok(wide.every(({ losses }) => losses.every(Number.isFinite)));
  assert.deepEqual(
    narrow.flatMap((run, n) => (isDeepStrictEqual(wide[n], run) ? [] : [n])),
    [],
  );
});
