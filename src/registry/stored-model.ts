/** A published version out of a store of models, loaded without a registry: for the command line. */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import type { ModelStore, StoredModel } from "./model-store.js";
import { loadModel, type ServedModel } from "./served-model.js";
import { readStore } from "./store.js";
import { chooseVersion, type Selection } from "./version-choice.js";

/**
 * Loads the version that the service would answer with. The caller closes its executable.
 *
 * Throws InputError, saying what there is, where the model or the version does not exist, or the version is not valid.
 */
export async function loadStoredModel(
  store: ModelStore,
  name: string,
  selection: Selection,
  engine: Engine,
): Promise<ServedModel> {
  const model = await findModel(store, name);
  const aliases = await store.readAliases(name);
  const choice = chooseVersion(selection, aliases);
  if (choice.by === "highest") return loadHighest(store, model, engine);
  const version = choice.by === "version" ? choice.version : aliases.get(choice.alias);
  if (version === undefined) {
    const there = [...aliases.keys()].join(", ") || "none";
    throw new InputError(`Model "${name}" has no alias "${selection.alias}"; it has ${there}.`);
  }
  if (!model.versions.includes(version)) {
    throw new InputError(`Model "${name}" has no version ${version}; it has ${model.versions.join(", ")}.`);
  }
  return load(store, model, version, engine);
}

async function findModel(store: ModelStore, name: string): Promise<StoredModel> {
  const models = await readStore(store);
  const model = models.find((stored) => stored.name === name);
  if (model?.problem !== undefined) throw new InputError(`Model "${name}" cannot be used: ${model.problem}`);
  if (model !== undefined) return model;
  const names = models.map((stored) => stored.name).join(", ");
  throw new InputError(
    `There is no model "${name}" in ${store.place}; there ${names === "" ? "is none" : `are ${names}`}.`,
  );
}

/** The highest version that is valid. Where none is, the InputError says why the highest is not. */
async function loadHighest(store: ModelStore, model: StoredModel, engine: Engine): Promise<ServedModel> {
  let refusal: InputError | undefined;
  for (const version of model.versions) {
    try {
      return await load(store, model, version, engine);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new InputError(`Model "${model.name}" has no version.`);
}

async function load(
  store: ModelStore,
  model: StoredModel,
  version: string,
  engine: Engine,
): Promise<ServedModel> {
  try {
    return await loadModel(await store.readBundle(model.name, version), engine);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`Version ${version} of "${model.name}" cannot be used: ${error.message}`);
  }
}
