/** Finding a published version on disk, as the service would choose it. */
import { join } from "node:path";
import { InputError } from "../errors.js";
import { DEFAULT_ALIAS, readAliases } from "../registry/aliases.js";
import { type Bundle, readBundle } from "../registry/bundle.js";
import { readStore, type StoredModel } from "../registry/store.js";

/**
 * The version that is named, else the one that alias `stable` stands for, else the highest that is valid.
 * Throws InputError, with what there is, where it is not there or refused.
 */
export async function openModel(modelsFolder: string, name: string, version?: string): Promise<Bundle> {
  const models = await readStore(modelsFolder);
  const model = models.find((stored) => stored.name === name);
  if (model === undefined) {
    const names = models.map((stored) => stored.name).join(", ");
    throw new InputError(
      `There is no model "${name}" in ${modelsFolder}; there ${names === "" ? "is none" : `are ${names}`}.`,
    );
  }
  const wanted = version ?? (await readAliases(model.folder)).get(DEFAULT_ALIAS);
  if (wanted !== undefined) {
    if (!model.versions.includes(wanted)) {
      throw new InputError(`Model "${name}" has no version ${wanted}; it has ${model.versions.join(", ")}.`);
    }
    return open(model, wanted);
  }
  let refusal: unknown;
  for (const candidate of model.versions) {
    try {
      return await open(model, candidate);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

async function open(model: StoredModel, version: string): Promise<Bundle> {
  try {
    return await readBundle(join(model.folder, version));
  } catch (error) {
    if (error instanceof InputError) {
      throw new InputError(`Version ${version} of "${model.name}" cannot be used: ${error.message}`);
    }
    throw error;
  }
}
