/** The engine that a command runs on; the command closes it. */
import type { Config } from "../config.js";
import { chooseEngine } from "../engine/choose-engine.js";
import type { Engine, TrainingEngine } from "../engine/engine.js";
import { createWasmEngine } from "../engine/wasm/engine.js";

/** The one that RESIDUA_ENGINE names. @throws InputError where it cannot run here. */
export async function openEngine(config: Config): Promise<Engine> {
  return (await chooseEngine(config.RESIDUA_ENGINE, wasmSettings(config))).engine;
}

/** The one that trains, whatever RESIDUA_ENGINE says. */
export function openTrainingEngine(config: Config): Promise<TrainingEngine> {
  return createWasmEngine(wasmSettings(config));
}

function wasmSettings({ RESIDUA_THREADS, RESIDUA_WIDE_VECTORS }: Config) {
  return { threads: RESIDUA_THREADS, wideVectors: RESIDUA_WIDE_VECTORS };
}
