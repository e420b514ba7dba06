/**
 * The native addon of @tensorflow/tfjs-node-gpu: its files, and what `npm run tensorflow` built it from.
 *
 *   node_modules/@tensorflow/tfjs-node-gpu/
 *     lib/napi-v8/tfjs_binding.node   the addon
 *     deps/lib/                       libtensorflow and, for CUDA, the CUDA 12 libraries
 *     deps/cuda/                      ptxas and libdevice, for XLA on a GPU
 *     deps/include/                   TensorFlow's headers
 *     deps/residua.json               what it was built from; written last, so it is there only for a complete build
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Static } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** The builds of TensorFlow: without CUDA, or with it. */
export const FLAVOURS = ["cpu", "cuda"] as const;
export type Flavour = (typeof FLAVOURS)[number];

const AddonStampSchema = Type.Object({
  flavour: Type.Union([Type.Literal("cpu"), Type.Literal("cuda")]),
  /** TensorFlow's version, from the name of the wheel. */
  tensorflow: Type.String(),
  architecture: Type.String(),
});
/** What the addon was built from: the content of deps/residua.json. */
export type AddonStamp = Static<typeof AddonStampSchema>;

export interface AddonPaths {
  /** The npm package's own folder. */
  readonly package: string;
  readonly deps: string;
  readonly libraries: string;
  readonly cuda: string;
  readonly stamp: string;
}

/** The folders of the package; `undefined` where npm did not install it. Nothing native is loaded. */
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

/** What the addon was built from; `undefined` where none is built, or the build was not completed. */
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
 * The environment of a process that loads the addon. TensorFlow reads these variables when its library is loaded, so
 * the process cannot set them itself. Variables that are set already keep their values.
 * @param scratchFolder where XLA keeps the programs it compiled, so that the next device process finds them.
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
    // The parent reads the log for the name of the GPU, or for why there is none (gpu.ts).
    TF_CPP_MIN_LOG_LEVEL: environment["TF_CPP_MIN_LOG_LEVEL"] ?? "0",
    // By default TensorFlow reserves all memory of the GPU at start; one batch at a time needs far less.
    TF_FORCE_GPU_ALLOW_GROWTH: environment["TF_FORCE_GPU_ALLOW_GROWTH"] ?? "true",
    // TF32 has a mantissa of 10 bits, with which outputs differ from Keras's by more than 1e-5.
    NVIDIA_TF32_OVERRIDE: environment["NVIDIA_TF32_OVERRIDE"] ?? "0",
    LD_LIBRARY_PATH: joined(paths.libraries, environment["LD_LIBRARY_PATH"]),
    ...(scratchFolder !== undefined && {
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
        // The matrix products of XLA's Triton kernels use TF32 even where the override forbids it; cuBLAS's do not.
        environment["NVIDIA_TF32_OVERRIDE"] === "1" ? "" : "--xla_gpu_enable_triton_gemm=false",
      ),
    }),
  };
}
