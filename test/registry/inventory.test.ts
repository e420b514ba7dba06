import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { writeAliases } from "../../src/registry/aliases.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { listPublished, type Verification, verifyModels } from "../../src/registry/inventory.js";
import { addVersions, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

async function collect(verifications: AsyncGenerator<Verification>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name, version, ok, reason } of verifications) {
    lines.push(`${name} ${version} ${ok ? "ok" : reason}`);
  }
  return lines;
}

test("lists what is published with sizes, hashes and aliases, and why a manifest cannot be read", async (t) => {
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [1, 2]);
  await addVersions(models, "fan", [1]);
  await writeAliases(
    join(models, "pump"),
    new Map([
      ["stable", "1"],
      ["old", "1"],
    ]),
  );
  await writeFile(join(models, "fan", "1", "manifest.json"), "[]");
  const published = await listPublished(new FolderStore(models));
  assert.deepEqual(
    published.map(({ name, version, aliases }) => [name, version, aliases.join()]),
    [
      ["fan", "1", ""],
      ["pump", "2", ""],
      ["pump", "1", "old,stable"],
    ],
  );
  assert.match(published[0]!.reason!, /manifest\.json has to be an object/);
  assert.match(published[1]!.sha256!, /^[0-9a-f]{64}$/);
  assert.equal(published[1]!.manifest?.family, "reconstruction");
  assert.ok(published[1]!.bytes > 1_000);
});

test("aliases that cannot be read are said, and the versions are listed without them", async (t) => {
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [1]);
  await writeFile(join(models, "pump", "aliases.json"), '{"stable": 1}');
  const notes: string[] = [];
  const published = await listPublished(new FolderStore(models), (note) => notes.push(note));
  assert.deepEqual(
    published.map(({ version, aliases }) => [version, aliases]),
    [["1", []]],
  );
  assert.deepEqual(notes, [
    'The aliases of model "pump" cannot be read: Alias "stable" has to be a version such as "2", not 1.',
  ]);
});

test("verifies hashes and golden windows, and closes what it opened", async (t) => {
  const models = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(models, "pump", [1, 2, 3]);
  await rm(join(models, "pump", "2", "weights.bin"));
  assert.deepEqual(await collect(verifyModels(new FolderStore(models), engine)), [
    "pump 3 ok",
    "pump 2 weights.bin is missing.",
    "pump 1 ok",
  ]);
  engine.offset = 0.01;
  assert.match(
    (await collect(verifyModels(new FolderStore(models), engine)))[0]!,
    /pump 3 golden\.json does not replay/,
  );
  assert.equal(engine.open, 0);
});

test("a folder that cannot be read is said so", async (t) => {
  const models = join(await temporaryFolder(t), "none");
  await assert.rejects(listPublished(new FolderStore(models)), InputError);
  await assert.rejects(
    collect(verifyModels(new FolderStore(models), new ReferenceEngine())),
    /There is no folder of models/,
  );
});
