/**
 * Wide vectors: 256 bits, where WebAssembly itself has 128. V8 can merge two 128-bit operations into one ("wasm
 * revectorization", the flag --experimental-wasm-revectorize). The kernels run about 1.7 times as fast with it.
 *
 * The feature is experimental and differs between versions of V8. It is turned on for V8 13.6 (Node 24) only, the
 * version that the tests run on: V8 12.4 (Node 22) finds nothing to merge in these kernels, and 14.6 (Node 26) crashes
 * while it compiles them.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

/**
 * Turns wide vectors on for all threads of the process, if this V8 and this processor have them.
 * @returns whether it did.
 */
export function enableWideVectors(): boolean {
  if (!process.versions.v8.startsWith("13.6.") || process.arch !== "x64" || !processorHasAvx2()) return false;
  setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}

function processorHasAvx2(): boolean {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? [];
    return flags.includes("avx2") && flags.includes("fma");
  } catch {
    // Not Linux: the processor's features are not known.
    return false;
  }
}
