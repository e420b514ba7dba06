/** The store of models that a command works on. */
import { type Config, storeLocation } from "../config.js";
import type { ModelStore } from "../registry/model-store.js";
import { openStore } from "../registry/open-store.js";
import { printNote } from "./note.js";

/**
 * Opens the store of models that a command works on.
 *
 * @param models what --models says; undefined for RESIDUA_MODELS.
 * @throws InputError where its address is none, or what it needs is not installed.
 */
export function openModels(models: string | undefined, config: Config): ModelStore {
  return openStore(storeLocation(config, models), printNote);
}
