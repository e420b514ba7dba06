/**
 * Reads and publishes bundles in a folder: `models/<name>/<version>/`, which never change.
 *
 * A publisher writes `models/<name>/.tmp-*`, flushes files and folder, and renames it. So a reader sees a whole
 * bundle or none, and of two publishers one gets the version number and the other the next one.
 */
import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { text } from "../network/json-guards.js";
import { ALIASES_FILE } from "./aliases.js";
import { type DecodedBundle, decodeFiles, decodeManifest } from "./bundle-decoder.js";
import { decodeBundle } from "./bundle-decoding.js";
import {
  type BundleContents,
  type BundleFile,
  checkSize,
  encodeFiles,
  encodeManifest,
  FILE_LIMITS,
  type FileContent,
  type Files,
  MANIFEST_FILE,
} from "./bundle-files.js";
import { removeStaleTemporaries, syncFolder, temporaryName, writeFileDurably } from "./durable-files.js";
import { checkHoldsModels, type VersionName } from "./flat-folder.js";
import { checkFolder, listNames, readRegularFile } from "./folder-files.js";
import { highestVersion } from "./highest-version.js";
import { checkModelName, type Manifest } from "./manifest.js";

/** A temporary folder older than this was left behind by a publisher that was stopped. */
const STALE_MS = 24 * 60 * 60 * 1000;

export interface Bundle extends DecodedBundle {
  /** Its folder, or its address in an object store. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Reads a published version and checks everything about it that can be checked without running it.
 *
 * @param folder `.../<name>/<version>`
 * @param called name and version, for a folder whose path does not have them (`flat-folder.ts`). Its manifest may have
 *   another name, and a file of aliases may lie beside it.
 * @throws InputError with the reason where anything is wrong.
 */
export async function readBundle(folder: string, called?: VersionName): Promise<Bundle> {
  const files = new Map<BundleFile, FileContent>();
  if (called === undefined) await checkPlace(folder);
  for (const name of await listFiles(folder)) {
    if (called !== undefined && name === ALIASES_FILE) continue;
    checkBundleFile(name);
    files.set(name, await readWithin(folder, name));
  }
  return openBundle(files, { folder, ...nameOf(folder, called) }, called !== undefined);
}

/**
 * Makes a bundle of its files, and checks everything about it that can be checked without running it.
 *
 * @param files must not be used again: their memory may be given away.
 * @param isRenamed whether the manifest may have another name.
 * @throws InputError with the reason where anything is wrong.
 */
export async function openBundle(
  files: Files,
  place: Pick<Bundle, "folder" | "name" | "version">,
  isRenamed = false,
): Promise<Bundle> {
  const bundle = await decodeBundle(files);
  checkName(bundle.manifest, place, isRenamed);
  return { ...bundle, ...place };
}

/**
 * Reads manifest.json of a version alone, with its hash.
 * @param called as for `readBundle`.
 * @throws InputError where its form is wrong.
 */
export async function readManifest(
  folder: string,
  called?: VersionName,
): Promise<{ manifest: Manifest; sha256: string }> {
  if (called === undefined) await checkPlace(folder);
  const content = await readWithin(folder, MANIFEST_FILE);
  return openManifest(content, nameOf(folder, called), called !== undefined);
}

/**
 * Reads what manifest.json of a version holds.
 * @param isRenamed whether it may have another name.
 * @throws InputError where its form is wrong, or it is of another version.
 */
export function openManifest(
  content: FileContent,
  place: VersionName,
  isRenamed = false,
): { manifest: Manifest; sha256: string } {
  const manifest = decodeManifest(content);
  checkName(manifest, place, isRenamed);
  return { manifest, sha256: content.sha256 };
}

function checkPlace(folder: string): Promise<void> {
  return checkFolder(dirname(folder), folder, dirname(dirname(folder)));
}

/** The files of a folder, without the hidden ones that a file system or a desktop leaves there (.nfs*, .DS_Store). */
async function listFiles(folder: string): Promise<string[]> {
  const names = await listNames(dirname(folder), folder);
  return names.filter((name) => !name.startsWith("."));
}

/** @throws InputError where no file of a bundle has this name. */
export function checkBundleFile(name: string): asserts name is BundleFile {
  if (!Object.hasOwn(FILE_LIMITS, name)) throw new InputError(`${text(name)} is not a file of a bundle.`);
}

async function readWithin(folder: string, file: BundleFile): Promise<FileContent> {
  const hash = createHash("sha256");
  const bytes = await readRegularFile(
    dirname(folder),
    join(folder, file),
    file,
    (size) => checkSize(file, size),
    (piece) => hash.update(piece),
  );
  return { bytes, sha256: hash.digest("hex") };
}

/** What a version is called. */
function nameOf(folder: string, called: VersionName | undefined): VersionName {
  const path = resolve(folder);
  return called ?? { name: basename(dirname(path)), version: basename(path) };
}

/** @throws InputError where the manifest says otherwise. */
function checkName(manifest: Manifest, { name, version }: VersionName, isRenamed: boolean): void {
  if ((!isRenamed && manifest.name !== name) || manifest.version !== version) {
    throw new InputError(
      `manifest.json is of ${manifest.name} ${manifest.version}, in a folder ${name}/${version}.`,
    );
  }
}

/**
 * Publishes the next version of a model. The bytes are decoded before they are published, so that nothing is published
 * that a registry would refuse.
 *
 * @param staging an existing folder on the same volume in which the bundle is written before it gets its place; by
 *   default the folder of the model. Whoever takes that folder away makes publishing fail, as a whole.
 * @returns the number it got, its folder, and the sha256, in hex, of its manifest.
 * @throws InputError where the name is not allowed, or the contents do not fit each other.
 */
export async function publishBundle(
  modelsFolder: string,
  name: string,
  contents: BundleContents,
  staging?: string,
): Promise<{ version: string; folder: string; sha256: string }> {
  checkModelName(name);
  await checkHoldsModels(modelsFolder);
  const files = encodeFiles(contents);
  const modelFolder = join(modelsFolder, name);
  const firstNew = await mkdir(modelFolder, { recursive: true });
  if (firstNew !== undefined) {
    await syncFolder(modelsFolder);
    await syncFolder(dirname(firstNew));
  }
  const temporary = join(staging ?? modelFolder, temporaryName());
  await mkdir(temporary);
  try {
    await removeStaleTemporaries(modelFolder, STALE_MS, temporary);
    await Promise.all([...files].map(([file, { bytes }]) => writeFileDurably(join(temporary, file), bytes)));
    for (;;) {
      const version = String((await highestVersion(modelFolder)) + 1);
      const manifest = encodeManifest(contents, files, name, version);
      const { sha256 } = decodeFiles(new Map([...files, [MANIFEST_FILE, manifest]]));
      await rm(join(temporary, MANIFEST_FILE), { force: true });
      await writeFileDurably(join(temporary, MANIFEST_FILE), manifest.bytes);
      await syncFolder(temporary);
      const folder = join(modelFolder, version);
      if (await renameUnlessTaken(temporary, folder)) {
        await syncFolder(modelFolder);
        return { version, folder, sha256 };
      }
    }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Renames a folder. A rename never replaces a folder that holds files, so of two publishers only one gets a number. */
async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") return false;
    throw error;
  }
}
