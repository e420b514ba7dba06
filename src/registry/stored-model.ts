/** A published version out of a folder of models, loaded without a registry: for the command line. */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { readAliases } from "./aliases.js";
import { readBundle } from "./bundle.js";
import { locate } from "./flat-folder.js";
import { loadModel, type ServedModel } from "./served-model.js";
import { readStore, type StoredModel } from "./store.js";
import { chooseVersion, type Selection } from "./version-choice.js";

/**
 * Loads the version that the service would answer with. The caller closes its executable.
 *
 * Throws InputError, saying what there is, where the model or the version does not exist, or the version is not valid.
 */
export async function loadStoredModel(
  modelsFolder: string,
  name: string,
  selection: Selection,
  engine: Engine,
): Promise<ServedModel> {
  const model = await findModel(modelsFolder, name);
  const aliases = await readAliases(model.folder);
  const choice = chooseVersion(selection, aliases);
  if (choice.by === "highest") return loadHighest(model, engine);
  const version = choice.by === "version" ? choice.version : aliases.get(choice.alias);
  if (version === undefined) {
    const there = [...aliases.keys()].join(", ") || "none";
    throw new InputError(`Model "${name}" has no alias "${selection.alias}"; it has ${there}.`);
  }
  if (!model.versions.includes(version)) {
    throw new InputError(`Model "${name}" has no version ${version}; it has ${model.versions.join(", ")}.`);
  }
  return load(model, version, engine);
}

async function findModel(modelsFolder: string, name: string): Promise<StoredModel> {
  const models = await readStore(modelsFolder);
  const model = models.find((stored) => stored.name === name);
  if (model?.problem !== undefined) throw new InputError(`Model "${name}" cannot be used: ${model.problem}`);
  if (model !== undefined) return model;
  const names = models.map((stored) => stored.name).join(", ");
  throw new InputError(
    `There is no model "${name}" in ${modelsFolder}; there ${names === "" ? "is none" : `are ${names}`}.`,
  );
}

/** The highest version that is valid. Where none is, the InputError says why the highest is not. */
async function loadHighest(model: StoredModel, engine: Engine): Promise<ServedModel> {
  let refusal: InputError | undefined;
  for (const version of model.versions) {
    try {
      return await load(model, version, engine);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new InputError(`Model "${model.name}" has no version.`);
}

async function load(model: StoredModel, version: string, engine: Engine): Promise<ServedModel> {
  const { folder, called } = locate(model, version);
  try {
    return await loadModel(await readBundle(folder, called), engine);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`Version ${version} of "${model.name}" cannot be used: ${error.message}`);
  }
}
