/** The kernels for wide vectors: results must be the same bits as with narrow ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Outputs } from "../../../src/engine/engine.js";
import { WasmEngine } from "../../../src/engine/wasm/engine.js";
import { SharedHeap } from "../../../src/engine/wasm/inference/heap.js";
import type { Kernels } from "../../../src/engine/wasm/kernels.js";
import { WorkerPool } from "../../../src/engine/wasm/pool/worker-pool.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { initialWeights } from "../../../src/network/weights.js";
import { wideAndNarrow } from "./wide-and-narrow.js";

/** The outputs of networks of many widths for runs of many sizes. */
async function answers(used: Kernels): Promise<Outputs[]> {
  const heap = new SharedHeap();
  const engine = new WasmEngine(heap, await WorkerPool.start(used, heap.memory, 1), used, {
    setting: "auto",
    log: () => undefined,
  });
  const all: Outputs[] = [];
  for (const units of [1, 4, 5, 12, 15, 16, 30]) {
    for (const activation of ["relu", "tanh"] as const) {
      const network = buildNetwork({
        family: "composite",
        timesteps: 5,
        horizon: 2,
        features: 3,
        units: [units],
        activation,
      });
      const executable = await engine.compile(network, initialWeights(network, units));
      for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 36, 37]) {
        const length = count * network.timesteps * network.features;
        const windows = Float32Array.from({ length }, (_, n) => Math.sin(n * n + count));
        all.push(await executable.run(windows, count));
      }
      await executable.close();
    }
  }
  await engine.close();
  return all;
}

test("every number of rows and tiles gives the same bits with wide and narrow vectors", async () => {
  const { wide, narrow } = await wideAndNarrow("inference", answers);
  // Not deepEqual of all, whose message would list every number that differs.
  const differ = narrow.flatMap((answer, n) => (isDeepStrictEqual(wide[n], answer) ? [] : [n]));
  assert.deepEqual(differ, []);
});
