/**
 * The names and versions in a folder of models. Only folders are listed, one `readdir` for each name; no file is read,
 * but for the manifest of a folder that is one version itself.
 * What is wrong with one name is that name's problem alone.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.js";
import { MANIFEST_FILE } from "./bundle-files.js";
import { type ModelPlace, readFlatName } from "./flat-folder.js";
import { checkFolder, explain, inTime } from "./folder-files.js";
import { MODEL_NAME_PATTERN, VERSION_PATTERN } from "./manifest.js";
import type { ModelStore, StoredModel } from "./model-store.js";

const namePattern = new RegExp(MODEL_NAME_PATTERN);
const versionPattern = new RegExp(VERSION_PATTERN);

/** A model in a folder. */
export interface FolderModel extends StoredModel, ModelPlace {}

export interface ListOptions {
  /** Gets the names that no model can have. Files and hidden folders are not among them. */
  readonly isOdd?: ((name: string) => void) | undefined;
  /** What the model of a flat folder is called, instead of what its manifest says. */
  readonly flatName?: string | undefined;
}

/**
 * The models of a folder with their versions, sorted by name. A name without a version is left out, unless there is a
 * problem with it.
 *
 * @throws InputError where the folder is flat and its manifest is wrong; else what reading the folder throws.
 */
export async function listStore(
  modelsFolder: string,
  { isOdd = () => {}, flatName }: ListOptions = {},
): Promise<FolderModel[]> {
  const entries = await inTime(modelsFolder, () => readdir(modelsFolder, { withFileTypes: true }));
  if (entries.some(({ name }) => name === MANIFEST_FILE)) {
    const { name, version } = await readFlatName(modelsFolder);
    return [
      { name: flatName ?? name, folder: modelsFolder, isFlat: true, versions: [version], problem: undefined },
    ];
  }
  const models: FolderModel[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) continue;
    if (!namePattern.test(entry.name)) {
      if (!entry.name.startsWith(".")) isOdd(entry.name);
      continue;
    }
    const folder = join(modelsFolder, entry.name);
    const model = await listVersions(modelsFolder, folder).then(
      (versions) => ({ versions, problem: undefined }),
      (error: unknown) => ({
        versions: [],
        problem:
          error instanceof InputError ? error.message : `The folder cannot be read: ${explain(error)}.`,
      }),
    );
    if (model.versions.length > 0 || model.problem !== undefined) {
      models.push({ name: entry.name, folder, isFlat: false, ...model });
    }
  }
  return models;
}

async function listVersions(modelsFolder: string, folder: string): Promise<string[]> {
  await checkFolder(folder, folder, modelsFolder);
  const entries = await inTime(folder, () => readdir(folder, { withFileTypes: true }));
  return (
    entries
      // Links to folders count: mounted volumes often consist of links. Where they lead is checked when they are read.
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name)
      .filter((name) => versionPattern.test(name))
      .sort((a, b) => Number(b) - Number(a))
  );
}

/** The models of a store, as `list` gives them. @throws InputError where it is a folder that does not exist. */
export async function readStore(store: ModelStore): Promise<StoredModel[]> {
  try {
    return await store.list();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new InputError(`There is no folder of models ${store.place}.`);
    if (code === "ENOTDIR") throw new InputError(`${store.place} is not a folder.`);
    throw error;
  }
}
