/** Why TensorFlow cannot use a GPU here, in one sentence; and the name of the GPU. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { AddonStamp } from "./addon.js";
import { builtAddon } from "./addon.js";

const BUILD = "run npm run tensorflow -- cuda";

/**
 * Why no GPU can be used, as far as it can be known before TensorFlow is started; `undefined` where it may work.
 * @param addon the addon that is built here.
 * @param driver whether the NVIDIA driver is installed.
 */
export function gpuUnavailable(
  addon: AddonStamp | undefined = builtAddon(),
  driver = hasDriver(),
): string | undefined {
  if (addon === undefined) {
    return `the addon of @tensorflow/tfjs-node-gpu is not built; ${BUILD}.`;
  }
  if (addon.flavour !== "cuda") {
    return `the addon of @tensorflow/tfjs-node-gpu is built without CUDA; ${BUILD}.`;
  }
  if (!driver) {
    return "no NVIDIA driver is installed (/proc/driver/nvidia/version is missing); install the driver, or give the container its GPU with docker run --gpus all.";
  }
  return undefined;
}

/** Why TensorFlow uses no GPU, from the lines that it wrote to stderr while it started. */
export function whyNoGpu(lines: readonly string[]): string {
  const find = (pattern: RegExp): string | undefined =>
    lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  const library =
    find(/Could not load dynamic library '([^']+)'/) ??
    find(/error while loading shared libraries: ([^:]+):/);
  if (library !== undefined) return `the library ${library} is missing; ${BUILD}.`;
  if (lines.some((line) => line.includes("Cannot dlopen some GPU libraries"))) {
    return `a CUDA library is missing beside libtensorflow; ${BUILD}.`;
  }
  if (lines.some((line) => line.includes("Could not find cuda drivers"))) {
    return "the driver's library libcuda.so.1 is missing; install the NVIDIA driver, or give the container its GPU with docker run --gpus all.";
  }
  const driver = find(/(CUDA_ERROR_\w+[^\n]*)/) ?? find(/failed call to cuInit: ([^\n]+)/);
  if (driver !== undefined) {
    return `the NVIDIA driver refused (${driver.trim()}); check it with nvidia-smi.`;
  }
  return "TensorFlow found no GPU; check the driver and CUDA_VISIBLE_DEVICES with nvidia-smi.";
}

/** The name of the GPU, where the line is the one that TensorFlow logs when it opens the device. */
export function gpuNameIn(line: string): string | undefined {
  return /device: \d+, name: ([^,]+), pci bus id/.exec(line)?.[1]?.trim();
}

/** The name of the first visible GPU according to nvidia-smi; `undefined` where that fails. */
export function gpuNameFromDriver(environment: NodeJS.ProcessEnv): string | undefined {
  const [first = "0"] = (environment["CUDA_VISIBLE_DEVICES"] ?? "0").split(",");
  try {
    const answer = execFileSync("nvidia-smi", ["-i", first, "--query-gpu=name", "--format=csv,noheader"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5_000,
    });
    return answer.split("\n")[0]?.trim() || undefined;
  } catch {
    return undefined;
  }
}

function hasDriver(): boolean {
  return existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidiactl") || existsSync("/dev/dxg");
}
