/** Chooses the engine that runs the networks of this process. */
import { InputError } from "../errors.js";
import type { Engine } from "./engine.js";
import type { DeviceLog } from "./tensorflow/device-options.js";
import { createTensorflowEngine } from "./tensorflow/engine.js";
import { gpuUnavailable } from "./tensorflow/gpu.js";
import { createWasmEngine } from "./wasm/engine.js";
import type { WideVectors } from "./wasm/wide-vectors.js";

export type EngineSetting = "auto" | "wasm" | "tensorflow" | "cuda";

export interface EngineOptions {
  /** Worker threads of the `wasm` engine. */
  readonly threads: number;
  /** Windows of the largest batch, 128 by default; the `tensorflow` engine compiles batch sizes up to it. */
  readonly maxBatchWindows?: number;
  /** The setting RESIDUA_WIDE_VECTORS, for the `wasm` engine; `auto` unless given. */
  readonly wideVectors?: WideVectors;
  readonly log?: DeviceLog;
}

/**
 * Starts the engine that `RESIDUA_ENGINE` names. `auto` is TensorFlow on a GPU where that works, else `wasm`;
 * `tensorflow` runs on a GPU or on the CPU; `cuda` needs a GPU.
 * @returns the engine, and a clause for the log that says which it is and why. Rejects with InputError where the engine
 *   cannot start: one sentence that says what is missing, and the command to repair it.
 */
export async function chooseEngine(
  setting: EngineSetting,
  options: EngineOptions,
): Promise<{ engine: Engine; reason: string }> {
  const { threads, maxBatchWindows = 128, wideVectors = "auto", log } = options;
  const tensorflow = (gpu: "required" | "allowed"): Promise<Engine> =>
    createTensorflowEngine({ gpu, maxBatchWindows, ...(log && { log }) });
  const wasm = async (why: string): Promise<{ engine: Engine; reason: string }> => ({
    engine: await createWasmEngine({ threads, wideVectors, ...(log && { log }) }),
    reason: `the wasm engine runs on ${threads} thread${threads === 1 ? "" : "s"}${why}`,
  });
  const running = (engine: Engine): { engine: Engine; reason: string } => ({
    engine,
    reason: `TensorFlow runs on ${engine.device === "cpu" ? "the CPU" : engine.device}`,
  });
  switch (setting) {
    case "wasm":
      return wasm("");
    case "tensorflow":
      return running(await tensorflow("allowed"));
    case "cuda":
      return running(await tensorflow("required"));
    case "auto": {
      const missing = gpuUnavailable();
      if (missing !== undefined) return wasm(`, since ${missing}`);
      try {
        return running(await tensorflow("required"));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return wasm(`, since ${error.message}`);
      }
    }
  }
}
