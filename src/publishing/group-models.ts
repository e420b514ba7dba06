/** Models of which each is trained on the rows of one group: their names, and which of them are there already. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../errors.js";
import { readBundle } from "../registry/bundle.js";
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE, VERSION_PATTERN } from "../registry/manifest.js";

/** The part of the training record that says which group a version is of. */
export interface GroupOrigin {
  readonly column: string;
  readonly value: string;
  /** All options as they were given, before training settles what they leave open. */
  readonly asked: Readonly<Record<string, unknown>>;
}

/**
 * The name of the model of each group: `<name>.<group>` in lower case, with a `-` for each character that no name may have.
 *
 * @throws InputError where two groups have one name, or a name is none of a model.
 */
export function groupModelNames(
  name: string,
  column: string,
  values: readonly string[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const valueByModel = new Map<string, string>();
  for (const value of values) {
    const model = `${name}.${value.toLowerCase().replaceAll(/[^a-z0-9._-]/gu, "-")}`;
    const other = valueByModel.get(model);
    if (other !== undefined) {
      throw new InputError(
        `The groups "${other}" and "${value}" of column "${column}" would both be the model ${model}: nothing is trained; rename one of them in the data.`,
      );
    }
    if (!new RegExp(MODEL_NAME_PATTERN).test(model)) {
      throw new InputError(
        `The group "${value}" of column "${column}" would be the model "${model}", which cannot be: ${MODEL_NAME_RULE}. Nothing is trained; take a shorter --name, or rename it in the data.`,
      );
    }
    valueByModel.set(model, value);
    names.set(value, model);
  }
  return names;
}

/**
 * The newest version of a model, if it was trained for this group, with these options, on these files.
 *
 * @param sha256 of the files, in hex, in their order.
 * @returns undefined where it has to be trained, also since its newest version is damaged.
 */
export async function findTrained(
  modelsFolder: string,
  name: string,
  origin: GroupOrigin,
  sha256: readonly string[],
): Promise<string | undefined> {
  const folder = join(modelsFolder, name);
  const version = await newestVersion(folder);
  if (version === undefined) return undefined;
  try {
    const { training } = (await readBundle(join(folder, version))).manifest;
    const data = training["data"] as readonly { readonly sha256?: unknown }[] | undefined;
    const hashes = Array.isArray(data) ? data.map((file) => file?.sha256) : [];
    // The record went through JSON, which leaves out what is undefined.
    const given = JSON.parse(JSON.stringify(origin));
    const isSame = isDeepStrictEqual(hashes, sha256) && isDeepStrictEqual(training["each"], given);
    return isSame ? version : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function newestVersion(modelFolder: string): Promise<string | undefined> {
  const names = await readdir(modelFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const versions = names.filter((name) => new RegExp(VERSION_PATTERN).test(name));
  return versions.sort((a, b) => Number(b) - Number(a))[0];
}
