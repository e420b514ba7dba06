/** The same work by kernels with wide and with narrow vectors, in code made by the optimising compiler. */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";

/**
 * What `use` returns for both. Without wide vectors in this runtime both run with 128-bit instructions, but the code for
 * wide vectors is still run. Call it in a process in which no kernel has run before.
 */
export async function wideAndNarrow<T>(
  folder: "." | "./gradient",
  use: (kernels: Kernels) => Promise<T>,
): Promise<{ wide: T; narrow: T }> {
  // A function is compiled at its first call: without Liftoff, the first tier, by TurboFan, which widens vectors.
  setFlagsFromString("--no-liftoff");
  const kernels = await loadKernels(folder);
  if (kernels.wide) setFlagsFromString("--no-experimental-wasm-revectorize");
  const build = kernels.fused ? "kernels-relaxed" : "kernels";
  const bytes = await readFile(new URL(`../../../src/engine/wasm/${folder}/${build}.wasm`, import.meta.url));
  // With an empty section at its end it is another module to V8, which shares no code with the first.
  const another = await WebAssembly.compile(Buffer.concat([bytes, Uint8Array.of(0, 1, 0)]));
  const narrow = await use({ ...kernels, module: another, wide: false });
  if (kernels.wide) setFlagsFromString("--experimental-wasm-revectorize");
  return { wide: await use({ ...kernels, wide: true }), narrow };
}
