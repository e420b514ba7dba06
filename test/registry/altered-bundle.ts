/** A published bundle whose files a test changes, and the assertion that it is then refused. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { InputError } from "../../src/errors.js";
import { readBundle } from "../../src/registry/bundle.js";
import type { Manifest } from "../../src/registry/manifest.js";
import { addVersions, temporaryFolder } from "./publications.js";

/** A published version of which a test may change the files. */
export async function published(t: TestContext): Promise<string> {
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [1]);
  return join(models, "pump", "1");
}

/** Changes one file and writes its new hash into the manifest, so that it is not refused for its hash. */
export async function rewrite(
  folder: string,
  file: string,
  change: (bytes: Buffer) => Uint8Array,
): Promise<void> {
  const bytes = change(await readFile(join(folder, file)));
  await writeFile(join(folder, file), bytes);
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  manifest.files[file] = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
}

/** A change of a JSON file's bytes, from a change of its parsed value. */
export function editJson(change: (json: Record<string, unknown>) => unknown): (bytes: Buffer) => Uint8Array {
  return (bytes) => {
    const json = JSON.parse(bytes.toString());
    change(json);
    return Buffer.from(JSON.stringify(json));
  };
}

/** Changes manifest.json alone. */
export async function editManifest(folder: string, change: (manifest: Manifest) => unknown): Promise<void> {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  change(manifest);
  await writeFile(file, JSON.stringify(manifest));
}

/** Asserts that reading the bundle throws an InputError with this message. */
export function assertRefused(folder: string, sentence: RegExp): Promise<void> {
  return assert.rejects(
    readBundle(folder),
    (error) => error instanceof InputError && sentence.test(error.message),
  );
}
