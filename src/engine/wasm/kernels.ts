/** The compiled kernels. */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { setWideVectors } from "./wide-vectors.js";

/** The kernels for inference, or those for training. Their sources are in `kernels/<folder>/assembly`. */
export type KernelFolder = "inference" | "training";

/** `reference` is another `narrow`, for the comparison of wide with narrow kernels. */
export type KernelVariant = "narrow" | "wide" | "reference";

/** A compiled module of kernels. Threads share it, each with an instance of its own. */
export interface Kernels {
  readonly module: WebAssembly.Module;
  /** Whether multiply and add are fused (relaxed SIMD). */
  readonly fused: boolean;
  /** Whether they use the code for wide (256-bit) vectors. */
  readonly wide: boolean;
}

/** The imports of the kernels. They call `finished` when a job is done. */
export function kernelImports(
  { wide }: Kernels,
  memory: WebAssembly.Memory,
  finished: () => void,
): WebAssembly.Imports {
  return { env: { memory }, residua: { finished, wideVectors: Number(wide) } };
}

const loaded = new Map<string, Promise<Kernels>>();

/**
 * Loads the build that this runtime can run, once a process and variant. Where that fails, the next call tries again: the file
 * or the memory for it may be there then.
 * @param variant `wide` also turns V8's wide vectors on. checked-kernels.ts decides which variant is used.
 */
export function loadKernels(folder: KernelFolder, variant: KernelVariant = "narrow"): Promise<Kernels> {
  const key = `${folder} ${variant}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const loading = load(folder, variant);
  loaded.set(key, loading);
  loading.catch(() => loaded.delete(key));
  return loading;
}

async function load(folder: KernelFolder, variant: KernelVariant): Promise<Kernels> {
  const relaxed = await readFile(new URL(`./kernels/${folder}/kernels-relaxed.wasm`, import.meta.url));
  // Node 20 has relaxed SIMD behind a flag, which threads started later inherit; later versions have it on.
  if (!WebAssembly.validate(relaxed) && process.versions.node.startsWith("20.")) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  const fused = WebAssembly.validate(relaxed);
  const bytes = fused
    ? relaxed
    : await readFile(new URL(`./kernels/${folder}/kernels.wasm`, import.meta.url));
  const wide = variant === "wide";
  if (wide) setWideVectors(true);
  const module = await WebAssembly.compile(Buffer.concat([bytes, customSection(variant)]));
  return { module, fused, wide };
}

/**
 * A custom section (id 0) with that name and no content. V8 shares the code of modules with the same bytes: with another
 * section at its end, no variant runs code that was compiled for another.
 */
function customSection(name: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, 1 + name.length, name.length), Buffer.from(name)]);
}
