import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { DEFAULT_ALIAS, writeAliases } from "../../src/registry/aliases.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { Registry } from "../../src/registry/registry.js";
import { loadStoredModel, openStoredVersion } from "../../src/registry/stored-model.js";
import type { Selection } from "../../src/registry/version-choice.js";
import { addVersions, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

/** The version that a folder's model answers with: loaded by itself, and by a registry. */
async function bothAnswers(folder: string, selection: Selection): Promise<[string, string]> {
  const engine = new ReferenceEngine();
  const stored = await loadStoredModel(new FolderStore(folder), "pump", selection, engine).then(
    async ({ version, executable }) => {
      await executable.close();
      return version;
    },
    (error: unknown) => (error instanceof InputError ? "refused" : String(error)),
  );
  assert.equal(engine.open, 0);
  const log = { info: () => undefined, warn: () => undefined };
  const registry = await Registry.open({
    store: new FolderStore(folder),
    engine,
    liveVersions: 9,
    pollSeconds: 0,
    log,
  });
  await registry.poll();
  let served = "refused";
  try {
    const lease = registry.acquire("pump", selection);
    served = lease.model.version;
    lease.release();
  } catch {
    // Refused.
  }
  await registry.close();
  return [stored, served];
}

test("the version that answers is the registry's: named, by alias, stable, else the highest valid", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1, 2, 3]);
  assert.deepEqual(await bothAnswers(folder, {}), ["3", "3"]);
  assert.deepEqual(await bothAnswers(folder, { version: "1" }), ["1", "1"]);
  assert.deepEqual(await bothAnswers(folder, { version: "7" }), ["refused", "refused"]);
  assert.deepEqual(await bothAnswers(folder, { alias: "old" }), ["refused", "refused"]);
  // Its hashes are right, and its golden windows do not replay.
  const golden = join(folder, "pump", "3", "golden.json");
  const manifest = join(folder, "pump", "3", "manifest.json");
  await breakGolden(golden, manifest);
  assert.deepEqual(await bothAnswers(folder, {}), ["2", "2"]);
  assert.deepEqual(await bothAnswers(folder, { version: "3" }), ["refused", "refused"]);
  await writeAliases(
    join(folder, "pump"),
    new Map([
      [DEFAULT_ALIAS, "1"],
      ["old", "2"],
      ["broken", "3"],
    ]),
  );
  assert.deepEqual(await bothAnswers(folder, {}), ["1", "1"]);
  assert.deepEqual(await bothAnswers(folder, { alias: "old" }), ["2", "2"]);
  assert.deepEqual(await bothAnswers(folder, { alias: "broken" }), ["refused", "refused"]);
});

/** Changes the first output of golden.json, and its hash in the manifest. */
async function breakGolden(golden: string, manifest: string): Promise<void> {
  const content = JSON.parse(await readFile(golden, "utf8"));
  content.reconstruction[0] += 1;
  const text = JSON.stringify(content);
  await writeFile(golden, text);
  const parsed = JSON.parse(await readFile(manifest, "utf8"));
  parsed.files["golden.json"] = createHash("sha256").update(text).digest("hex");
  await writeFile(manifest, JSON.stringify(parsed));
}

test("a version is opened with the bundle that it was made from, which is read once", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1, 2]);
  const engine = new ReferenceEngine();
  const reads: string[] = [];
  class CountingStore extends FolderStore {
    override readBundle(name: string, version: string) {
      reads.push(`${name} ${version}`);
      return super.readBundle(name, version);
    }
  }
  const { bundle, served } = await openStoredVersion(new CountingStore(folder), "pump", {}, engine);
  assert.deepEqual(reads, ["pump 2"]);
  assert.deepEqual([bundle.version, bundle.sha256], [served.version, served.sha256]);
  assert.equal(served.executable.network, bundle.network);
  await served.executable.close();
  assert.equal(engine.open, 0);
});

test("what is not there is said with what there is", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1, 2]);
  const engine = new ReferenceEngine();
  const load = (name: string, selection: Selection) =>
    loadStoredModel(new FolderStore(folder), name, selection, engine);
  await assert.rejects(load("fan", {}), /There is no model "fan" in .*; there is pump\./);
  await assert.rejects(load("pump", { version: "9" }), /Model "pump" has no version 9; it has 2, 1\./);
  await assert.rejects(load("pump", { alias: "old" }), /Model "pump" has no alias "old"; it has none\./);
});
