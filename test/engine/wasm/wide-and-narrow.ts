/** The same work by kernels with wide and with narrow vectors, in code made by the optimising compiler. */
import { setFlagsFromString } from "node:v8";
import type { Outputs } from "../../../src/engine/engine.js";
import { WasmEngine } from "../../../src/engine/wasm/engine.js";
import { SharedHeap } from "../../../src/engine/wasm/inference/heap.js";
import { type KernelFolder, type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { WorkerPool } from "../../../src/engine/wasm/pool/worker-pool.js";
import { supportsWideVectors } from "../../../src/engine/wasm/wide-vectors.js";
import type { Network } from "../../../src/network/network.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";

/**
 * What `use` returns for both. Without wide vectors in this runtime both run with 128-bit instructions, but the code for
 * wide vectors is still run. Call it in a process in which no kernel has run before.
 */
export async function wideAndNarrow<T>(
  folder: KernelFolder,
  use: (kernels: Kernels) => Promise<T>,
): Promise<{ wide: T; narrow: T }> {
  // A function is compiled at its first call: without Liftoff, the first tier, by TurboFan, which widens vectors.
  setFlagsFromString("--no-liftoff");
  // First, since loading wide kernels turns V8's feature on.
  const narrow = await use(await loadKernels(folder, "narrow"));
  const kernels = await loadKernels(folder, supportsWideVectors() ? "wide" : "narrow");
  return { wide: await use({ ...kernels, wide: true }), narrow };
}

/** The outputs of each network, with weights by its place in the list, for runs of each number of windows, on one thread. */
export async function answersOf(
  kernels: Kernels,
  networks: readonly Network[],
  counts: readonly number[],
): Promise<Outputs[]> {
  const heap = new SharedHeap();
  const engine = new WasmEngine(heap, await WorkerPool.start(kernels, heap.memory, 1), kernels, {
    setting: "auto",
    log: () => undefined,
  });
  const all: Outputs[] = [];
  for (const [n, network] of networks.entries()) {
    const executable = await engine.compile(network, someWeights(network, n));
    for (const count of counts) {
      const windows = someNumbers(count, count * network.timesteps * network.features);
      all.push(await executable.run(windows, count));
    }
    await executable.close();
  }
  await engine.close();
  return all;
}
