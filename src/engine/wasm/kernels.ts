/** The compiled kernels, once a process. */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { joinVectors } from "./vector-joining.js";

export interface Kernels {
  readonly module: WebAssembly.Module;
  /** Whether multiply and add are fused (relaxed SIMD). */
  readonly fused: boolean;
  /** Whether their vectors of four floats are joined to vectors of eight. */
  readonly joined: boolean;
}

/** What the kernels import. `finished` is called when a job is done. */
export function kernelImports(
  { joined }: Kernels,
  memory: WebAssembly.Memory,
  finished: () => void,
): WebAssembly.Imports {
  return { env: { memory }, residua: { finished, joinsVectors: Number(joined) } };
}

const loaded = new Map<KernelFolder, Promise<Kernels>>();

/** Which kernels: those that answer, or those that train. Their sources stand in `kernels/<folder>/assembly`. */
export type KernelFolder = "inference" | "training";

/** Loads the build that this runtime can run. */
export function loadKernels(folder: KernelFolder): Promise<Kernels> {
  const known = loaded.get(folder);
  if (known !== undefined) return known;
  const loading = load(folder);
  loaded.set(folder, loading);
  return loading;
}

async function load(folder: KernelFolder): Promise<Kernels> {
  const relaxed = await readFile(new URL(`./kernels/${folder}/kernels-relaxed.wasm`, import.meta.url));
  // Node 20 has relaxed SIMD behind a flag, which threads started later inherit; later versions have it on.
  if (!WebAssembly.validate(relaxed) && process.versions.node.startsWith("20.")) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  const joined = joinVectors();
  if (WebAssembly.validate(relaxed))
    return { module: await WebAssembly.compile(relaxed), fused: true, joined };
  const plain = await readFile(new URL(`./kernels/${folder}/kernels.wasm`, import.meta.url));
  return { module: await WebAssembly.compile(plain), fused: false, joined };
}
