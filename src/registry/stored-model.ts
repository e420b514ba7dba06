/** A published version out of a store of models, loaded without a registry: for the command line and for jobs. */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import type { Bundle } from "./bundle.js";
import type { ModelStore, StoredModel } from "./model-store.js";
import { loadModel, type ServedModel } from "./served-model.js";
import { readStore } from "./store.js";
import { chooseVersion, type Selection } from "./version-choice.js";

/** A version that was loaded, with the bundle that it was made from. */
export interface OpenedVersion {
  readonly bundle: Bundle;
  readonly served: ServedModel;
}

/**
 * Loads the version that the service would answer with. The caller closes its executable.
 *
 * @throws InputError, saying what there is, where the model or the version does not exist, or the version is not valid.
 */
export async function loadStoredModel(
  store: ModelStore,
  name: string,
  selection: Selection,
  engine: Engine,
): Promise<ServedModel> {
  return (await openStoredVersion(store, name, selection, engine)).served;
}

/** As `loadStoredModel`, for a caller that needs what is in the bundle too, such as the weights: it is read once. */
export async function openStoredVersion(
  store: ModelStore,
  name: string,
  selection: Selection,
  engine: Engine,
): Promise<OpenedVersion> {
  const model = await findModel(store, name);
  const aliases = await store.readAliases(name);
  const choice = chooseVersion(selection, aliases);
  if (choice.by === "highest") return openHighest(store, model, engine);
  const version = choice.by === "version" ? choice.version : aliases.get(choice.alias);
  if (version === undefined) {
    const there = [...aliases.keys()].join(", ") || "none";
    throw new InputError(`Model "${name}" has no alias "${selection.alias}"; it has ${there}.`);
  }
  if (!model.versions.includes(version)) {
    throw new InputError(`Model "${name}" has no version ${version}; it has ${model.versions.join(", ")}.`);
  }
  return open(store, model, version, engine);
}

async function findModel(store: ModelStore, name: string): Promise<StoredModel> {
  const models = await readStore(store);
  const model = models.find((stored) => stored.name === name);
  if (model?.problem !== undefined) throw new InputError(`Model "${name}" cannot be used: ${model.problem}`);
  if (model !== undefined) return model;
  const names = models.map((stored) => stored.name);
  const there =
    names.length === 0 ? "there is none" : `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
  throw new InputError(`There is no model "${name}" in ${store.place}; ${there}.`);
}

/** The highest version that is valid. Where none is, the InputError says why the highest is not. */
async function openHighest(store: ModelStore, model: StoredModel, engine: Engine): Promise<OpenedVersion> {
  let refusal: InputError | undefined;
  for (const version of model.versions) {
    try {
      return await open(store, model, version, engine);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new InputError(`Model "${model.name}" has no version.`);
}

async function open(
  store: ModelStore,
  model: StoredModel,
  version: string,
  engine: Engine,
): Promise<OpenedVersion> {
  try {
    const bundle = await store.readBundle(model.name, version);
    return { bundle, served: await loadModel(bundle, engine) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`Version ${version} of "${model.name}" cannot be used: ${error.message}`);
  }
}
