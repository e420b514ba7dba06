/**
 * A folder of models that is itself the folder of one version: the files of the bundle lie directly in it, as a storage
 * initializer of KServe leaves them in /mnt/models. Such a folder is read, and nothing is published in it.
 */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { parseJson } from "../network/json-guards.js";
import { checkSize, MANIFEST_FILE } from "./bundle-files.js";
import { fingerprint } from "./fingerprint.js";
import { inTime, readRegularFile } from "./folder-files.js";
import { checkManifest } from "./manifest.js";

/** What a version is called. `models/<name>/<version>` says it; for a flat folder, its manifest does. */
export interface VersionName {
  readonly name: string;
  readonly version: string;
}

/** A model and where it lies. */
export interface ModelPlace {
  readonly name: string;
  /** The folder of its versions; for a flat folder, of its files. */
  readonly folder: string;
  readonly isFlat: boolean;
}

/** The folder of a version, and what it is called where the folder does not say it. */
export function locate(
  { name, folder, isFlat }: ModelPlace,
  version: string,
): { folder: string; called: VersionName | undefined } {
  return isFlat
    ? { folder, called: { name, version } }
    : { folder: join(folder, version), called: undefined };
}

/** By folder, what its manifest said when it was last read. */
const known = new Map<string, VersionName & { readonly fingerprint: string }>();

/**
 * The name and version in the manifest of a flat folder. The file is read again only when it has changed.
 * @throws InputError where its form is wrong.
 */
export async function readFlatName(folder: string): Promise<VersionName> {
  const now = await inTime(folder, () => fingerprint(join(folder, MANIFEST_FILE)));
  const before = known.get(folder);
  if (before?.fingerprint === now) return before;
  const path = join(folder, MANIFEST_FILE);
  const bytes = await readRegularFile(folder, path, MANIFEST_FILE, (size) => checkSize(MANIFEST_FILE, size));
  const { name, version } = checkManifest(parseJson(Buffer.from(bytes).toString("utf8"), MANIFEST_FILE));
  known.set(folder, { name, version, fingerprint: now });
  return { name, version };
}

/** @throws InputError where nothing can be published in a folder of models, since it is flat. */
export async function checkHoldsModels(modelsFolder: string): Promise<void> {
  const isFlat = await lstat(join(modelsFolder, MANIFEST_FILE)).then(
    () => true,
    () => false,
  );
  if (!isFlat) return;
  throw new InputError(
    `${modelsFolder} has a ${MANIFEST_FILE}, so it is the folder of one version, and nothing can be published in it: name the folder that holds the folders of models.`,
  );
}

/** @throws ResiduaError CONFLICT where versions of the model cannot be deleted, since its folder is flat. */
export function checkHoldsVersions({ isFlat }: ModelPlace): void {
  if (!isFlat) return;
  throw new ResiduaError("CONFLICT", "The folder of models is that of this version: it cannot be deleted.");
}
