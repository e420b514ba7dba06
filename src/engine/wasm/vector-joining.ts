/**
 * Vectors of eight floats, where WebAssembly knows four: V8 can join two instructions that stand side by side into one
 * of 256 bits ("revectorization"). It is an experiment of V8's, behind a flag, and differs by version: that of
 * Node 24, V8 13.6, joins what these kernels are made of, and they run 1.7 times as fast; 12.4 (Node 22) joins nothing,
 * and 14.6 (Node 26) ends the process while it compiles them. So it is turned on for 13.6 alone, with which the tests
 * are run.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

/**
 * Has the kernels' vectors joined, in every thread, where this runtime and this processor can.
 * @returns whether they will be.
 */
export function joinVectors(): boolean {
  if (!process.versions.v8.startsWith("13.6.") || process.arch !== "x64" || !processorHasAvx2()) return false;
  setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}

function processorHasAvx2(): boolean {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? [];
    return flags.includes("avx2") && flags.includes("fma");
  } catch {
    // Not Linux: what the processor has is not known.
    return false;
  }
}
