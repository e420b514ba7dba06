/** What anybody may have put into the bucket is refused for the reasons that it has in a folder, and costs others nothing. */
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { FolderStore } from "../../../src/registry/folder-store.js";
import type { ModelStore } from "../../../src/registry/model-store.js";
import { Registry } from "../../../src/registry/registry.js";
import { Listing } from "../../../src/registry/s3/listing.js";
import { addVersions, temporaryFolder } from "../publications.js";
import { ReferenceEngine } from "../reference-engine.js";
import { makeBucket, openS3, skip } from "./object-store.js";

const MEBIBYTE = 1024 * 1024;

test("is refused as in a folder", { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "sound", [1]);
  const broken: Record<string, (model: string) => Promise<unknown>> = {
    "weights-changed": (model) => writeFile(join(model, "1/weights.bin"), "other bytes"),
    "manifest-too-large": (model) => writeFile(join(model, "1/manifest.json"), " ".repeat(4 * MEBIBYTE + 1)),
    "calibration-too-large": (model) => writeFile(join(model, "1/calibration.bin"), "x".repeat(MEBIBYTE + 1)),
    "manifest-no-json": (model) => writeFile(join(model, "1/manifest.json"), "{"),
    "odd-file": (model) => writeFile(join(model, "1/run me.exe"), "x"),
    "another-name": (model) => cp(join(folder, "sound", "1"), join(model, "1"), { recursive: true }),
    "aliases-damaged": (model) => writeFile(join(model, "aliases.json"), '{"stable": 1}'),
    "aliases-too-large": (model) => writeFile(join(model, "aliases.json"), " ".repeat(300_000)),
    "alias-of-nothing": (model) => writeFile(join(model, "aliases.json"), '{"stable": "7"}'),
  };
  for (const [name, spoil] of Object.entries(broken)) {
    await addVersions(folder, name, [1]);
    await spoil(join(folder, name));
  }
  await mkdir(join(folder, "Odd Name", "1"), { recursive: true });
  await writeFile(join(folder, "Odd Name", "1", "manifest.json"), "{}");
  await writeFile(join(folder, "readme.txt"), "not a model");
  const bucket = await makeBucket();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) await bucket.put(path.slice(folder.length + 1), await readFile(path));
  }
  const [there, here] = [await openS3(t, bucket), new FolderStore(folder)];
  assert.deepEqual(await listed(there), await listed(here));
});

/** What a registry makes of a store, and what it logs. */
async function listed(store: ModelStore): Promise<object> {
  const logged: string[] = [];
  const registry = await Registry.open({
    store,
    engine: new ReferenceEngine(),
    liveVersions: 2,
    pollSeconds: 0,
    log: {
      info: () => undefined,
      warn: (fields, message) => logged.push(`${message} ${JSON.stringify(fields)}`),
    },
  });
  await registry.poll();
  const models = registry.listModels();
  const { problems } = registry.readiness();
  await registry.close();
  assert.equal(models.find(({ name }) => name === "sound")?.versions[0]?.state, "live");
  assert.equal(models.length, 10);
  return { models, problems, logged: logged.sort() };
}

test("a file in a folder of a version is refused by its name", { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1]);
  const bucket = await makeBucket();
  for (const file of await readdir(join(folder, "pump", "1")))
    await bucket.put(`pump/1/${file}`, await readFile(join(folder, "pump", "1", file)));
  await bucket.put("pump/1/deep/er", "x");
  const store = await openS3(t, bucket);
  await assert.rejects(store.readBundle("pump", "1"), /"deep\/er" is not a file of a bundle/);
});

test("any keys make a listing, with only such names and numbers as models have", () => {
  const part = fc.oneof(
    fc.constantFrom("pump", "1", "2", "manifest.json", "aliases.json", "", ".", "..", ".hidden", "__proto__"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const keys = fc.array(fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/")));
  fc.assert(
    fc.property(keys, (all) => {
      const odd: string[] = [];
      const listing = new Listing("pre/", (name) => odd.push(name));
      for (const key of all) listing.add({ key: `pre/${key}`, bytes: 1, etag: '"e"', modifiedMs: 0 });
      for (const [name, { versions }] of listing.models) {
        assert.match(name, /^[a-z0-9][a-z0-9._-]*$/);
        for (const [version, objects] of versions) {
          assert.match(version, /^[1-9][0-9]{0,8}$/);
          for (const [file, { key }] of objects) assert.equal(key, `pre/${name}/${version}/${file}`);
        }
      }
      for (const name of odd) assert.doesNotMatch(name, /^\.|^[a-z0-9][a-z0-9._-]{0,62}$/);
    }),
  );
});
