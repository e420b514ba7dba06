/**
 * Wide vectors: 256 bits, where WebAssembly itself has 128. V8 can merge two 128-bit operations into one ("wasm
 * revectorization", the flag --experimental-wasm-revectorize). The kernels run about 1.7 times as fast with it.
 *
 * The feature is experimental and differs between versions of V8. It is used with V8 13.6 (Node 24) only, the version
 * that the tests run on: V8 12.4 (Node 22) finds nothing to merge in these kernels, and 14.6 (Node 26) crashes while it
 * compiles them. checked-kernels.ts makes sure that it changes no result.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

/** The setting RESIDUA_WIDE_VECTORS: `auto` uses wide vectors where they are supported. */
export type WideVectors = "auto" | "off";

/** Whether this V8 and this processor support wide vectors. */
export function supportsWideVectors(): boolean {
  return process.versions.v8.startsWith("13.6.") && process.arch === "x64" && processorHasAvx2();
}

/**
 * Turns the feature on or off for all threads of the process. V8 reads its flags whenever it compiles a function, so
 * this decides on functions that are compiled from now on. Code that is there already stays as it is.
 */
export function setWideVectors(on: boolean): void {
  setFlagsFromString(`--${on ? "" : "no-"}experimental-wasm-revectorize`);
}

/**
 * Runs `use` while V8's optimising compiler, TurboFan, compiles every function at its first call. Only that compiler
 * makes wide code; otherwise a function is first compiled by another one, Liftoff, and optimised when it is hot.
 */
export async function withTurboFan<T>(use: () => Promise<T>): Promise<T> {
  const usesLiftoff = !process.execArgv.includes("--no-liftoff");
  if (usesLiftoff) setFlagsFromString("--no-liftoff");
  try {
    return await use();
  } finally {
    if (usesLiftoff) setFlagsFromString("--liftoff");
  }
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
