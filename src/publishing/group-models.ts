/** Models of which each is trained on the rows of one group: their names, and which of them are there already. */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../errors.js";
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE } from "../registry/manifest.js";
import type { ModelStore } from "../registry/model-store.js";

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

/** The newest version of each model of a store, by name; none where the store is a folder that does not exist yet. */
export async function newestVersions(store: ModelStore): Promise<ReadonlyMap<string, string>> {
  const models = await store.list().catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return new Map(
    models.flatMap(({ name, versions }) => (versions[0] === undefined ? [] : [[name, versions[0]]])),
  );
}

/**
 * Whether a version was trained for this group, with these options, on these files; not where it is damaged.
 *
 * @param sha256 of the files, in hex, in their order.
 */
export async function isTrainedOn(
  store: ModelStore,
  { name, version }: { readonly name: string; readonly version: string },
  origin: GroupOrigin,
  sha256: readonly string[],
): Promise<boolean> {
  try {
    const { training } = (await store.readBundle(name, version)).manifest;
    const data = training["data"] as readonly { readonly sha256?: unknown }[] | undefined;
    const hashes = Array.isArray(data) ? data.map((file) => file?.sha256) : [];
    // The record went through JSON, which leaves out what is undefined.
    const given = JSON.parse(JSON.stringify(origin));
    return isDeepStrictEqual(hashes, sha256) && isDeepStrictEqual(training["each"], given);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
