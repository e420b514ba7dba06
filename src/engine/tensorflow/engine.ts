/**
 * The `tensorflow` engine: a network becomes one TensorFlow graph, which the device process (device-process.ts) runs
 * once per batch, on a GPU or on the CPU.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import { validateNetwork } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import { checkWeights } from "../../network/weights.js";
import type { Engine, Executable } from "../engine.js";
import { addonEnvironment, addonPaths, builtAddon } from "./addon.js";
import { Device } from "./device.js";
import type { DeviceExit } from "./device-connection.js";
import type { DeviceReady } from "./device-frames.js";
import type { DeviceLog, DeviceOptions } from "./device-options.js";
import { compileGraph } from "./executable.js";
import { gpuNameFromDriver, gpuNameIn, gpuUnavailable, whyNoGpu } from "./gpu.js";

export interface TensorflowEngineOptions {
  /** `required`: the engine does not start without a GPU; `allowed`: it uses one if there is one; `never`: CPU. */
  readonly gpu: "required" | "allowed" | "never";
  /** Windows of the largest batch; a run of more windows is cut into several batches. */
  readonly maxBatchWindows: number;
  readonly log?: DeviceLog;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface TensorflowEngine extends Engine {
  readonly usesGpu: boolean;
  /** The id of the device process; `undefined` while a new one starts. */
  readonly devicePid: number | undefined;
}

/**
 * Starts the engine with its device process.
 * Rejects with InputError where it cannot start: one sentence that says what is missing, and the command to repair it.
 */
export async function createTensorflowEngine(options: TensorflowEngineOptions): Promise<TensorflowEngine> {
  const environment = options.environment ?? process.env;
  const log = options.log ?? (() => {});
  const paths = addonPaths();
  const addon = builtAddon(paths);
  const missing = options.gpu === "required" ? gpuUnavailable(addon) : undefined;
  if (missing !== undefined) throw new InputError(`RESIDUA_ENGINE=cuda cannot be used: ${missing}`);
  if (paths === undefined || addon === undefined) {
    throw new InputError(
      "RESIDUA_ENGINE=tensorflow cannot be used: the addon of @tensorflow/tfjs-node-gpu is not built; run npm run tensorflow.",
    );
  }
  const scratchFolder = await mkdtemp(join(tmpdir(), "residua-device-"));
  const started = await startDevice({
    command: {
      script: fileURLToPath(new URL("./device-process.js", import.meta.url)),
      scratchFolder,
      environment: {
        ...addonEnvironment(paths, addon.flavour, environment, scratchFolder),
        ...(options.gpu === "never" && { CUDA_VISIBLE_DEVICES: "-1" }),
      },
    },
    log,
  }).catch(async (cause: unknown) => {
    await rm(scratchFolder, { recursive: true, force: true });
    throw cause;
  });
  const { device, ready, lines } = started;
  if (options.gpu === "required" && !ready.usesGpu) {
    await device.close();
    await rm(scratchFolder, { recursive: true, force: true });
    throw new InputError(`RESIDUA_ENGINE=cuda cannot be used: ${whyNoGpu(lines)}`);
  }
  log("info", `TensorFlow ${addon.tensorflow} runs in process ${device.pid}.`);
  return {
    name: "tensorflow",
    device: ready.usesGpu ? gpuLabel(lines, environment) : "cpu",
    usesGpu: ready.usesGpu,
    get problem() {
      return device.isSound ? undefined : "The process that owns the device is silent or restarting.";
    },
    get restarts() {
      return device.restarts.count;
    },
    get devicePid() {
      return device.pid;
    },
    async compile(network: Network, weights: Weights): Promise<Executable> {
      validateNetwork(network);
      checkWeights(network, weights);
      return compileGraph(device, network, weights, {
        scratchFolder,
        maxBatchWindows: options.maxBatchWindows,
        usesGpu: ready.usesGpu,
        log,
      });
    },
    async close(): Promise<void> {
      await device.close();
      await rm(scratchFolder, { recursive: true, force: true });
    },
  };
}

/** Starts the device, and keeps what TensorFlow logs meanwhile: the lines name the GPU, or why there is none. */
async function startDevice(
  options: DeviceOptions,
): Promise<{ device: Device; ready: DeviceReady; lines: readonly string[] }> {
  const lines: string[] = [];
  const keep: DeviceLog = (level, message) => {
    if (lines.length < 1_000) lines.push(message);
    options.log(level, message);
  };
  try {
    return { ...(await Device.start({ ...options, log: keep })), lines };
  } catch (exit) {
    const { how, lastLines } = exit as DeviceExit;
    const reason = lastLines.findLast((line) => /error|cannot|fail/i.test(line)) ?? lastLines.at(-1) ?? "";
    throw new InputError(
      `TensorFlow's process did not start (${how}): ${reason.trim()}; build the addon again with npm run tensorflow.`,
    );
  }
}

/** The name of the GPU in answers and logs; it says so where TF32 is on, which changes the numbers. */
function gpuLabel(lines: readonly string[], environment: NodeJS.ProcessEnv): string {
  const name =
    lines.map(gpuNameIn).find((found) => found !== undefined) ??
    gpuNameFromDriver(environment) ??
    "NVIDIA GPU";
  return environment["NVIDIA_TF32_OVERRIDE"] === "1" ? `${name} (TF32)` : name;
}
