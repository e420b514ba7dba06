/**
 * The native addon of @tensorflow/tfjs-node-gpu: where it lies, and what `npm run tensorflow` made of it.
 *
 *   node_modules/@tensorflow/tfjs-node-gpu/
 *     lib/napi-v8/tfjs_binding.node   the addon
 *     deps/lib/                       libtensorflow and, for CUDA, the CUDA 12 libraries
 *     deps/cuda/                      ptxas and libdevice, for XLA on a GPU
 *     deps/include/                   TensorFlow's headers
 *     deps/residua.json               what it was built from: written last, so it vouches for the rest
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Static } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export const FLAVOURS = ["cpu", "cuda"] as const;
export type Flavour = (typeof FLAVOURS)[number];

const AddonStampSchema = Type.Object({
  flavour: Type.Union([Type.Literal("cpu"), Type.Literal("cuda")]),
  /** TensorFlow's version, as the wheel says it. */
  tensorflow: Type.String(),
  architecture: Type.String(),
});
export type AddonStamp = Static<typeof AddonStampSchema>;

export interface AddonPaths {
  /** The npm package's own folder. */
  readonly package: string;
  readonly deps: string;
  readonly libraries: string;
  readonly cuda: string;
  readonly stamp: string;
}

/** Where the package and its parts lie; `undefined` where npm did not install it. Nothing native is loaded. */
export function addonPaths(): AddonPaths | undefined {
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = dirname(require.resolve("@tensorflow/tfjs-node-gpu/package.json"));
  } catch {
    return undefined;
  }
  const deps = join(folder, "deps");
  return {
    package: folder,
    deps,
    libraries: join(deps, "lib"),
    cuda: join(deps, "cuda"),
    stamp: join(deps, "residua.json"),
  };
}

/** What the built addon was made from; `undefined` where none is built, or its building did not end. */
export function builtAddon(paths = addonPaths()): AddonStamp | undefined {
  if (paths === undefined || !existsSync(paths.stamp) || !existsSync(join(paths.package, "lib"))) {
    return undefined;
  }
  const binding = readdirSync(join(paths.package, "lib"), { recursive: true }).some((file) =>
    String(file).endsWith("tfjs_binding.node"),
  );
  if (!binding) return undefined;
  try {
    const stamp: unknown = JSON.parse(readFileSync(paths.stamp, "utf8"));
    return Value.Check(AddonStampSchema, stamp) ? stamp : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The environment of a process that loads the addon. TensorFlow reads these when its library is loaded, so they
 * cannot be set from inside.
 * @param scratchFolder where XLA keeps what it compiled, for as long as the folder lives.
 */
export function addonEnvironment(
  paths: AddonPaths,
  flavour: Flavour,
  environment: NodeJS.ProcessEnv,
  scratchFolder?: string,
): NodeJS.ProcessEnv {
  const joined = (...parts: (string | undefined)[]): string =>
    parts.filter((part) => part !== undefined && part !== "").join(":");
  const flags = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(" ");
  return {
    ...environment,
    // Its parent reads the log: there stands the GPU's name, or why there is none.
    TF_CPP_MIN_LOG_LEVEL: environment["TF_CPP_MIN_LOG_LEVEL"] ?? "0",
    // Batches come one at a time; without it TensorFlow takes the whole GPU at start.
    TF_FORCE_GPU_ALLOW_GROWTH: environment["TF_FORCE_GPU_ALLOW_GROWTH"] ?? "true",
    // TF32 has 10 bits of mantissa: its answers are not Keras's within 1e-5.
    NVIDIA_TF32_OVERRIDE: environment["NVIDIA_TF32_OVERRIDE"] ?? "0",
    LD_LIBRARY_PATH: joined(paths.libraries, environment["LD_LIBRARY_PATH"]),
    ...(scratchFolder !== undefined && {
      // What was compiled once is there for the next process.
      TF_XLA_FLAGS: flags(
        environment["TF_XLA_FLAGS"],
        `--tf_xla_persistent_cache_directory=${join(scratchFolder, "xla")}`,
      ),
    }),
    ...(flavour === "cuda" && {
      PATH: joined(environment["PATH"], join(paths.cuda, "bin")),
      XLA_FLAGS: flags(
        environment["XLA_FLAGS"],
        `--xla_gpu_cuda_data_dir=${paths.cuda}`,
        // Triton's matrix products use TF32 whatever the override says; cuBLAS's do not.
        environment["NVIDIA_TF32_OVERRIDE"] === "1" ? "" : "--xla_gpu_enable_triton_gemm=false",
      ),
    }),
  };
}
