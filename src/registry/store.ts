/**
 * The names and versions in a folder of models. Only folders are listed, one `readdir` for each name; no file is read.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.js";
import { MODEL_NAME_PATTERN, VERSION_PATTERN } from "./manifest.js";

const namePattern = new RegExp(MODEL_NAME_PATTERN);
const versionPattern = new RegExp(VERSION_PATTERN);

/** A model on disk. */
export interface StoredModel {
  readonly name: string;
  readonly folder: string;
  /** Newest, that is highest, first. */
  readonly versions: readonly string[];
}

/** The models of a folder with their versions, sorted by name. A name without a version is left out. */
export async function listStore(modelsFolder: string): Promise<StoredModel[]> {
  const models: StoredModel[] = [];
  for (const name of (await listFolders(modelsFolder)).filter((entry) => namePattern.test(entry)).sort()) {
    const folder = join(modelsFolder, name);
    const versions = (await listFolders(folder).catch(unlessGone))
      .filter((entry) => versionPattern.test(entry))
      .sort((a, b) => Number(b) - Number(a));
    if (versions.length > 0) models.push({ name, folder, versions });
  }
  return models;
}

/** The same as `listStore`, but throws InputError where the folder does not exist. */
export async function readStore(modelsFolder: string): Promise<StoredModel[]> {
  try {
    return await listStore(modelsFolder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new InputError(`There is no folder of models ${modelsFolder}.`);
    if (code === "ENOTDIR") throw new InputError(`${modelsFolder} is not a folder.`);
    throw error;
  }
}

async function listFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // Symbolic links to folders count: mounted volumes often consist of links.
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => entry.name);
}

function unlessGone(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
  throw error;
}
