/** Lists and checks what is published in a folder of models, for the command line. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { readAliases } from "./aliases.js";
import { readBundle, readManifest } from "./bundle.js";
import { locate, type VersionName } from "./flat-folder.js";
import type { Manifest } from "./manifest.js";
import { loadModel } from "./served-model.js";
import { readStore } from "./store.js";

/** A version on disk, whether it can be served or not. */
export interface PublishedVersion {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** The aliases that name it. */
  readonly aliases: readonly string[];
  /** The bytes of all its files. */
  readonly bytes: number;
  /** This and `sha256` are undefined where the manifest cannot be read. */
  readonly manifest: Manifest | undefined;
  readonly sha256: string | undefined;
  /** Why the manifest cannot be read. */
  readonly reason: string | undefined;
}

/** Whether a registry would serve a version. */
export interface Verification {
  readonly name: string;
  readonly version: string;
  readonly ok: boolean;
  /** Why a registry would refuse it. */
  readonly reason: string | undefined;
}

/**
 * Every published version, by name, newest first. Manifests are checked for form; hashes are not.
 * Throws InputError where the folder cannot be read.
 */
export async function listPublished(modelsFolder: string): Promise<PublishedVersion[]> {
  const published: PublishedVersion[] = [];
  for (const model of await readStore(modelsFolder)) {
    if (model.problem !== undefined) {
      published.push({ ...model, version: "-", aliases: [], bytes: 0, ...unread(model.problem) });
      continue;
    }
    const aliases = await readAliases(model.folder).catch(() => new Map<string, string>());
    for (const version of model.versions) {
      const { folder, called } = locate(model, version);
      const read = await readManifest(folder, called).catch(reasonOf);
      const isRead = typeof read !== "string";
      published.push({
        name: model.name,
        version,
        folder,
        aliases: [...aliases].filter(([, target]) => target === version).map(([alias]) => alias),
        bytes: await sizeOf(folder),
        ...(isRead ? { ...read, reason: undefined } : unread(read)),
      });
    }
  }
  return published;
}

/**
 * Checks every published version as a registry does when it opens one: hashes, whether the files fit each other, and
 * golden windows.
 * Throws InputError where the folder cannot be read.
 */
export async function* verifyModels(modelsFolder: string, engine: Engine): AsyncGenerator<Verification> {
  for (const model of await readStore(modelsFolder)) {
    const { name, versions, problem } = model;
    if (problem !== undefined) yield { name, version: "-", ok: false, reason: problem };
    for (const version of versions) {
      const { folder, called } = locate(model, version);
      const reason = await verifyBundle(folder, called, engine).catch(reasonOf);
      yield { name, version, ok: reason === undefined, reason };
    }
  }
}

async function verifyBundle(
  folder: string,
  called: VersionName | undefined,
  engine: Engine,
): Promise<undefined> {
  const model = await loadModel(await readBundle(folder, called), engine);
  await model.executable.close();
}

function unread(reason: string): Pick<PublishedVersion, "manifest" | "sha256" | "reason"> {
  return { manifest: undefined, sha256: undefined, reason };
}

/** The message of an InputError; any other error is thrown again. */
function reasonOf(error: unknown): string {
  if (error instanceof InputError) return error.message;
  throw error;
}

/** What can be seen of it: a folder that is refused may hold anything. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((file) =>
    lstat(join(folder, file)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}
