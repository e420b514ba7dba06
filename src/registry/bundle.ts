/**
 * Reads and publishes bundles on disk: `models/<name>/<version>/`, which never change.
 *
 * A publisher writes `models/<name>/.tmp-*`, flushes files and folder, and renames it. So a reader sees a whole
 * bundle or none, and of two publishers one gets the version number and the other the next one.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { type DecodedBundle, decodeFiles, decodeManifest } from "./bundle-decoder.js";
import {
  type BundleContents,
  type BundleFile,
  checkSize,
  encodeFiles,
  encodeManifest,
  FILE_LIMITS,
  type FileContent,
  MANIFEST_FILE,
} from "./bundle-files.js";
import { removeStaleTemporaries, syncFolder, temporaryName, writeFileDurably } from "./durable-files.js";
import { type Manifest, MODEL_NAME_PATTERN, MODEL_NAME_RULE, VERSION_PATTERN } from "./manifest.js";

/** A temporary folder older than this was left behind by a publisher that was stopped. */
const STALE_MS = 60 * 60 * 1000;

export interface Bundle extends DecodedBundle {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Reads a published version and checks everything about it that can be checked without running it.
 *
 * @param folder `.../<name>/<version>`
 * @throws InputError with the reason where anything is wrong.
 */
export async function readBundle(folder: string): Promise<Bundle> {
  const files = new Map<BundleFile, FileContent>();
  for (const name of await listFiles(folder)) {
    if (!isBundleFile(name)) throw new InputError(`${name} is not a file of a bundle.`);
    files.set(name, await readWithin(join(folder, name), name));
  }
  const bundle = decodeFiles(files);
  const { name, version } = nameFromFolder(folder);
  checkName(bundle.manifest, name, version);
  return { ...bundle, folder, name, version };
}

/** Reads manifest.json of a version alone, with its hash. Throws InputError where its form is wrong. */
export async function readManifest(folder: string): Promise<{ manifest: Manifest; sha256: string }> {
  const content = await readWithin(join(folder, MANIFEST_FILE), MANIFEST_FILE);
  const manifest = decodeManifest(content);
  const { name, version } = nameFromFolder(folder);
  checkName(manifest, name, version);
  return { manifest, sha256: content.sha256 };
}

/** The files of a folder, without the hidden ones that a file system or a desktop leaves there (.nfs*, .DS_Store). */
async function listFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(refuse("The folder"));
  return names.filter((name) => !name.startsWith("."));
}

/** Errors that come from the machine and may be gone the next time; they say nothing about the bundle. */
const PASSING_ERRORS = new Set(["EAGAIN", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE", "ETIMEDOUT"]);

/** Turns an error of the file system into an InputError, unless it is one of PASSING_ERRORS. */
function refuse(what: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === "ENOENT") throw new InputError(`${what} is missing.`);
    if (error.code !== undefined && PASSING_ERRORS.has(error.code)) throw error;
    throw new InputError(`${what} cannot be read: ${error.message}.`);
  };
}

function isBundleFile(name: string): name is BundleFile {
  return Object.hasOwn(FILE_LIMITS, name);
}

/** How much is read and hashed at a time, so that the event loop is never blocked for long. */
const CHUNK_BYTES = 1024 * 1024;

async function readWithin(path: string, file: BundleFile): Promise<FileContent> {
  const found = await stat(path).catch(refuse(file));
  if (!found.isFile()) throw new InputError(`${file} is not a file.`);
  checkSize(file, found.size);
  const handle = await open(path).catch(refuse(file));
  try {
    const bytes = new Uint8Array(found.size);
    const hash = createHash("sha256");
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(CHUNK_BYTES, bytes.length - at);
      const { bytesRead } = await handle.read(bytes, at, length, at).catch(refuse(file));
      if (bytesRead === 0) throw new InputError(`${file} became shorter while it was read.`);
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

function nameFromFolder(folder: string): { name: string; version: string } {
  const path = resolve(folder);
  return { name: basename(dirname(path)), version: basename(path) };
}

function checkName(manifest: Manifest, name: string, version: string): void {
  if (manifest.name !== name || manifest.version !== version) {
    throw new InputError(
      `manifest.json is of ${manifest.name} ${manifest.version}, in a folder ${name}/${version}.`,
    );
  }
}

/**
 * Publishes the next version of a model. The bytes are decoded before they are published, so that nothing is published
 * that a registry would refuse.
 *
 * @returns the number it got, its folder, and the hash of its manifest.
 * @throws InputError where the name is not allowed, or the contents do not fit each other.
 */
export async function publishBundle(
  modelsFolder: string,
  name: string,
  contents: BundleContents,
): Promise<{ version: string; folder: string; sha256: string }> {
  if (!new RegExp(MODEL_NAME_PATTERN).test(name)) {
    throw new InputError(`"${name}" cannot be the name of a model: ${MODEL_NAME_RULE}.`);
  }
  const files = encodeFiles(contents);
  const modelFolder = join(modelsFolder, name);
  const firstNew = await mkdir(modelFolder, { recursive: true });
  if (firstNew !== undefined) {
    await syncFolder(modelsFolder);
    await syncFolder(dirname(firstNew));
  }
  await removeStaleTemporaries(modelFolder, STALE_MS, Date.now());
  const temporary = join(modelFolder, temporaryName());
  await mkdir(temporary);
  try {
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

async function highestVersion(modelFolder: string): Promise<number> {
  const pattern = new RegExp(VERSION_PATTERN);
  const numbers = (await readdir(modelFolder)).filter((entry) => pattern.test(entry)).map(Number);
  return Math.max(0, ...numbers);
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
