/** Lists and checks what is published in a store of models, for the command line. */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import type { Manifest } from "./manifest.js";
import type { ModelStore } from "./model-store.js";
import { loadModel } from "./served-model.js";
import { readStore } from "./store.js";

/** A version that is published, whether it can be served or not. */
export interface PublishedVersion {
  readonly name: string;
  readonly version: string;
  /** The aliases that name it. */
  readonly aliases: readonly string[];
  /** The bytes of the files that belong to a bundle. */
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
 *
 * @param onNote takes a sentence on aliases that cannot be read: their versions are then listed without any.
 * @throws InputError where there is no such folder.
 */
export async function listPublished(
  store: ModelStore,
  onNote: (sentence: string) => void = () => undefined,
): Promise<PublishedVersion[]> {
  const published: PublishedVersion[] = [];
  for (const model of await readStore(store)) {
    if (model.problem !== undefined) {
      published.push({ name: model.name, version: "-", aliases: [], bytes: 0, ...unread(model.problem) });
      continue;
    }
    const aliases = await store.readAliases(model.name).catch((error: unknown) => {
      onNote(`The aliases of model "${model.name}" cannot be read: ${reasonOf(error)}`);
      return new Map<string, string>();
    });
    for (const version of model.versions) {
      const read = await store.readManifest(model.name, version).catch(reasonOf);
      const sizes = await store.fileSizes(model.name, version);
      const isRead = typeof read !== "string";
      published.push({
        name: model.name,
        version,
        aliases: [...aliases].filter(([, target]) => target === version).map(([alias]) => alias),
        bytes: [...sizes.values()].reduce((total, size) => total + size, 0),
        ...(isRead ? { ...read, reason: undefined } : unread(read)),
      });
    }
  }
  return published;
}

/**
 * Checks every published version as a registry does when it opens one: hashes, whether the files fit each other, and
 * golden windows.
 *
 * @throws InputError where there is no such folder.
 */
export async function* verifyModels(store: ModelStore, engine: Engine): AsyncGenerator<Verification> {
  for (const { name, versions, problem } of await readStore(store)) {
    if (problem !== undefined) yield { name, version: "-", ok: false, reason: problem };
    for (const version of versions) {
      const reason = await verifyVersion(store, name, version, engine).catch(reasonOf);
      yield { name, version, ok: reason === undefined, reason };
    }
  }
}

async function verifyVersion(
  store: ModelStore,
  name: string,
  version: string,
  engine: Engine,
): Promise<undefined> {
  const model = await loadModel(await store.readBundle(name, version), engine);
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
