/**
 * A program: compiles kernels with V8's trace of wide vectors on, which goes to stdout.
 *
 * `kernel FOLDER NAME`: the one exported function. `fallback [fail]`: what an engine runs after a check whose wide kernels
 * gave another bit, or failed.
 */
import { setFlagsFromString } from "node:v8";
import { checkedKernels } from "../../../src/engine/wasm/checked-kernels.js";
import { probeInference } from "../../../src/engine/wasm/inference-probe.js";
import { type KernelFolder, kernelImports, loadKernels } from "../../../src/engine/wasm/kernels.js";

const [program, folder, name = ""] = process.argv.slice(2);
setFlagsFromString("--no-liftoff");
if (program === "kernel") {
  setFlagsFromString("--trace-wasm-revectorize");
  const kernels = await loadKernels(folder as KernelFolder, "wide");
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
  const imports = kernelImports(kernels, memory, () => undefined);
  const { exports } = new WebAssembly.Instance(kernels.module, imports);
  // V8 compiles a function when it is called. Zeros are no rows, or no terms, or those at address 0.
  (exports[name] as (...parameters: number[]) => void)(...Array<number>(20).fill(0));
} else {
  const kernels = await checkedKernels(
    "inference",
    async (used) => {
      if (used.wide && folder === "fail") throw new RangeError("memory access out of bounds");
      const results = await probeInference(used);
      if (used.wide) results[results.length - 1]! ^= 1;
      return results;
    },
    { setting: "auto", log: (_, message) => console.error(message) },
  );
  // The check has turned Liftoff on again.
  setFlagsFromString("--no-liftoff");
  setFlagsFromString("--trace-wasm-revectorize");
  await probeInference(kernels);
}
