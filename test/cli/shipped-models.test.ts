import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FAMILIES } from "../../src/network/architectures.js";
import { readBundle } from "../../src/registry/bundle.js";
import { listStore } from "../../src/registry/store.js";
import { createWorkplace } from "./residua-process.js";

const models = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "models");

test("every shipped model is sound, and its README names it", async (t) => {
  const { residua } = await createWorkplace(t);
  const { status, out, err } = await residua(["models", "verify", "--models", models]);
  assert.equal(status, 0, out + err);
  const readme = await readFile(join(models, "README.md"), "utf8");
  const stored = await listStore(models);
  const families = new Set<string>();
  for (const { name, versions } of stored) {
    assert.match(out, new RegExp(`^${name} ${versions[0]}: ok$`, "m"));
    assert.ok(readme.includes(`\`${name}\``), name);
    const { manifest, sample } = await readBundle(join(models, name, versions[0]!));
    families.add(manifest.family);
    assert.ok(manifest.threshold !== null, name);
    const { windows } = JSON.parse(Buffer.from(sample).toString()) as { windows: unknown[][][] };
    assert.ok(windows.length > 0);
    for (const window of windows) {
      assert.equal(window.length, manifest.timesteps);
      assert.ok(window.every((row) => row.length === manifest.features.length));
    }
  }
  assert.deepEqual([...families].sort(), [...FAMILIES].sort());
});
