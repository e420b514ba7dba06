/** The same work by kernels with wide and with narrow vectors, in code made by the optimising compiler. */
import { setFlagsFromString } from "node:v8";
import { type KernelFolder, type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { supportsWideVectors } from "../../../src/engine/wasm/wide-vectors.js";

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
