/** The same work by kernels whose vectors are joined and by others, in code that the optimising compiler made. */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { type KernelFolder, type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";

/**
 * What `use` makes of both; where this runtime joins nothing, of both ways through the kernels.
 * For a process in which no kernel has run before.
 */
export async function joinedAndApart<T>(
  folder: KernelFolder,
  use: (kernels: Kernels) => Promise<T>,
): Promise<{ joined: T; apart: T }> {
  // Functions are compiled when they are first called: without the first tier, by the compiler that joins.
  setFlagsFromString("--no-liftoff");
  const kernels = await loadKernels(folder);
  if (kernels.joined) setFlagsFromString("--no-experimental-wasm-revectorize");
  const build = kernels.fused ? "kernels-relaxed" : "kernels";
  const bytes = await readFile(
    new URL(`../../../src/engine/wasm/kernels/${folder}/${build}.wasm`, import.meta.url),
  );
  // An empty section at its end makes it another module, whose code is not shared with that of the first.
  const another = await WebAssembly.compile(Buffer.concat([bytes, Uint8Array.of(0, 1, 0)]));
  const apart = await use({ ...kernels, module: another, joined: false });
  if (kernels.joined) setFlagsFromString("--experimental-wasm-revectorize");
  return { joined: await use({ ...kernels, joined: true }), apart };
}
