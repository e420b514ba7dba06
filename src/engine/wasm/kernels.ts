/** The compiled kernels, once a process. */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { enableWideVectors } from "./wide-vectors.js";

export interface Kernels {
  readonly module: WebAssembly.Module;
  /** Whether multiply and add are fused (relaxed SIMD). */
  readonly fused: boolean;
  /** Whether they use the code for wide (256-bit) vectors. */
  readonly wide: boolean;
}

/** What the engine's own kernels import. */
export function kernelImports(
  { wide }: Kernels,
  memory: WebAssembly.Memory,
  finished: () => void,
): WebAssembly.Imports {
  return { env: { memory }, residua: { finished, wideVectors: Number(wide) } };
}

const loaded = new Map<string, Promise<Kernels>>();

/**
 * Loads the build this runtime can run.
 * @param folder beside this file: the engine's own kernels, or those that train.
 */
export function loadKernels(folder: "." | "./gradient" = "."): Promise<Kernels> {
  const known = loaded.get(folder);
  if (known !== undefined) return known;
  const loading = load(folder);
  loaded.set(folder, loading);
  return loading;
}

async function load(folder: string): Promise<Kernels> {
  const relaxed = await readFile(new URL(`${folder}/kernels-relaxed.wasm`, import.meta.url));
  // Node 20 has relaxed SIMD behind a flag, which threads started later inherit; later versions have it on.
  if (!WebAssembly.validate(relaxed) && process.versions.node.startsWith("20.")) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  const wide = enableWideVectors();
  if (WebAssembly.validate(relaxed)) return { module: await WebAssembly.compile(relaxed), fused: true, wide };
  const plain = await readFile(new URL(`${folder}/kernels.wasm`, import.meta.url));
  return { module: await WebAssembly.compile(plain), fused: false, wide };
}
