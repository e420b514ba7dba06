/** Which engine runs the networks of this process. */
import { InputError } from "../errors.js";
import type { Engine } from "./engine.js";
import { createWasmEngine } from "./wasm/engine.js";

export type EngineSetting = "auto" | "wasm" | "tensorflow" | "cuda";

/** Starts the engine asked for. Throws InputError where it cannot be had. */
export async function chooseEngine(
  setting: EngineSetting,
  options: { threads: number },
): Promise<{ engine: Engine; reason: string }> {
  if (setting === "tensorflow" || setting === "cuda") {
    throw new InputError(`This build has no ${setting} engine; set RESIDUA_ENGINE to wasm or auto.`);
  }
  const engine = await createWasmEngine(options);
  const threads = `${options.threads} thread${options.threads === 1 ? "" : "s"}`;
  return { engine, reason: `the wasm engine runs on ${threads}` };
}
