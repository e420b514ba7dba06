import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promote } from "../../src/publishing/promotion.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { addVersions, temporaryFolder } from "../registry/publications.js";

test("an alias is set to the version that was published, unless it stands for a higher one", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [2, 10]);
  const store = new FolderStore(folder);
  const aliases = async () => Object.fromEntries(await store.readAliases("pump"));
  await promote(store, "pump", "2", "stable");
  assert.deepEqual(await aliases(), { stable: "2" });
  await promote(store, "pump", "10", "stable");
  assert.deepEqual(await aliases(), { stable: "10" });
  await promote(store, "pump", "2", "stable");
  await promote(store, "pump", "2", "old");
  assert.deepEqual(await aliases(), { stable: "10", old: "2" });
});

test("where the alias cannot be set, it is said that the version is published", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [2]);
  await writeFile(join(folder, "pump", "aliases.json"), "{");
  await assert.rejects(promote(new FolderStore(folder), "pump", "2", "stable"), {
    code: "MODEL_NOT_READY",
    message:
      /^Version 2 of model "pump" is published, but the alias "stable" could not be set to it: No alias can be changed until aliases\.json is repaired or removed: .*\.$/,
  });
});
