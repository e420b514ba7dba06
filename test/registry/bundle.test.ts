import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { InputError } from "../../src/errors.js";
import { describeNetwork } from "../../src/network/layers-model.js";
import { publishBundle, readBundle } from "../../src/registry/bundle.js";
import { assertRefused, editManifest, published, rewrite } from "./altered-bundle.js";
import { makeContents, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

const engine = new ReferenceEngine();

test("what is published reads back whole", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine, 5, { family: "composite", horizon: 2, dropout: 0.1 });
  const { version, folder, sha256 } = await publishBundle(models, "pump", contents);
  const bundle = await readBundle(folder);
  assert.deepEqual([version, folder], ["1", join(models, "pump", "1")]);
  assert.deepEqual([bundle.name, bundle.version, bundle.sha256], ["pump", "1", sha256]);
  assert.deepEqual(bundle.network, contents.network);
  assert.deepEqual(bundle.weights, contents.weights);
  assert.deepEqual(bundle.golden, contents.golden);
  assert.deepEqual(bundle.calibration, contents.calibration);
  assert.deepEqual(JSON.parse(Buffer.from(bundle.sample).toString()), contents.sampleBody);
  const { manifest } = bundle;
  assert.deepEqual(manifest.heads, describeNetwork(contents.network).heads);
  assert.deepEqual([manifest.timesteps, manifest.inputSteps], [6, 4]);
  assert.deepEqual(manifest.calibration, { squared: { windows: 120, windowBlocks: 30, timesteps: 120 } });
  assert.equal(manifest.tfjsLayers, true);
  assert.deepEqual((await readdir(folder)).sort(), [
    "calibration.bin",
    "golden.json",
    "manifest.json",
    "model.json",
    "sample.json",
    "weights.bin",
  ]);
  assert.deepEqual(await readdir(join(models, "pump")), ["1"]);
});

test("a bundle without calibration has no calibration.bin", async (t) => {
  const models = await temporaryFolder(t);
  const contents = { ...(await makeContents(engine)), calibration: undefined, threshold: null };
  const { folder } = await publishBundle(models, "pump", contents);
  const bundle = await readBundle(folder);
  assert.equal(bundle.calibration, undefined);
  assert.equal(bundle.manifest.calibration, null);
  assert.ok(!(await readdir(folder)).includes("calibration.bin"));
  await editManifest(folder, (manifest) => {
    manifest.files["calibration.bin"] = "0".repeat(64);
  });
  await assertRefused(folder, /calibration\.bin is missing/);
});

test("ties are in the manifest and hold after reading", async (t) => {
  const contents = await makeContents(engine, 1, { family: "stacked" });
  const { folder } = await publishBundle(await temporaryFolder(t), "pump", contents);
  const bundle = await readBundle(folder);
  assert.deepEqual(bundle.manifest.ties, [
    { kernel: "reconstruction_output/kernel", transposeOf: "encoder_1/kernel" },
  ]);
  assert.ok(!bundle.weights.has("reconstruction_output/kernel"));
  await rewrite(folder, "weights.bin", (bytes) => {
    bytes.writeFloatLE(0.5, 0);
    return bytes;
  });
  await assertRefused(folder, /"reconstruction_output\/kernel" is not the transpose of "encoder_1\/kernel"/);
});

test("one flipped bit anywhere in any file is refused", async (t) => {
  const folder = await published(t);
  for (const file of await readdir(folder)) {
    const good = await readFile(join(folder, file));
    for (const at of [0, Math.floor(good.length / 2), good.length - 2]) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      await writeFile(join(folder, file), bad);
      // In the manifest a bit may turn a name or a number into another valid one; its hash tells them apart.
      if (file === "manifest.json") {
        const hash = await readBundle(folder).then(
          ({ sha256 }) => sha256,
          () => "refused",
        );
        assert.notEqual(hash, createHash("sha256").update(good).digest("hex"));
      } else {
        await assertRefused(
          folder,
          new RegExp(`^${file.replace(".", "\\.")} has sha256 .* manifest\\.json says`),
        );
      }
    }
    await writeFile(join(folder, file), good);
  }
  await readBundle(folder);
});

test("a missing or additional file is refused", async (t) => {
  const folder = await published(t);
  for (const file of await readdir(folder)) {
    const good = await readFile(join(folder, file));
    await rm(join(folder, file));
    await assertRefused(folder, new RegExp(`${file.replace(".", "\\.")} is missing`));
    await mkdir(join(folder, file));
    await assertRefused(folder, new RegExp(`${file.replace(".", "\\.")} is not a file`));
    await rm(join(folder, file), { recursive: true });
    await writeFile(join(folder, file), good);
  }
  await writeFile(join(folder, ".DS_Store"), "");
  await readBundle(folder);
  await writeFile(join(folder, "notes.txt"), "");
  await assertRefused(folder, /"notes\.txt" is not a file of a bundle/);
});

test("a file too large is refused before it is read", async (t) => {
  const folder = await published(t);
  await truncate(join(folder, "weights.bin"), 2 ** 40);
  await assertRefused(folder, /weights\.bin has 1099511627776 bytes; the most is/);
});

test("a folder that is not there, or a link in place of a file, is refused", async (t) => {
  const folder = await published(t);
  await assertRefused(join(folder, "..", "2"), /The folder is missing/);
  await rm(join(folder, "model.json"));
  await symlink("model.json", join(folder, "model.json"));
  await assertRefused(folder, /model\.json is a link; it has to be a file/);
});

test("a taken number means the next one, whatever holds it", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine);
  assert.equal((await publishBundle(models, "pump", contents)).version, "1");
  await mkdir(join(models, "pump", "7"));
  await mkdir(join(models, "pump", "99-old"));
  assert.equal((await publishBundle(models, "pump", contents)).version, "8");
  await writeFile(join(models, "pump", "9"), "");
  assert.equal((await publishBundle(models, "pump", contents)).version, "10");
});

test("nothing is published that would be refused, and nothing is left behind", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine);
  await assert.rejects(publishBundle(models, "Pump!", contents), /"Pump!" cannot be the name of a model/);
  await assert.rejects(publishBundle(models, "../pump", contents), InputError);
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, features: contents.features.slice(1) }),
    /reads \[4, 2\], the manifest says \[4, 1\]/,
  );
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, minCoverage: Number.NaN }),
    /\/minCoverage/,
  );
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, sampleBody: { windows: [] } }),
    /sample\.json/,
  );
  assert.deepEqual(await readdir(join(models, "pump")), []);
});

test("what an ended publisher left is removed after a day, what one is writing is not", async (t) => {
  const models = await temporaryFolder(t);
  const [stale, fresh] = [join(models, "pump", ".tmp-stale"), join(models, "pump", ".tmp-fresh")];
  await mkdir(stale, { recursive: true });
  await mkdir(fresh);
  const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
  await utimes(stale, longAgo, longAgo);
  await publishBundle(models, "pump", await makeContents(engine));
  assert.deepEqual((await readdir(join(models, "pump"))).sort(), [".tmp-fresh", "1"]);
});

test("publishers in several processes get a number each, and every bundle is whole", async (t) => {
  const models = await temporaryFolder(t);
  const script = fileURLToPath(new URL("publisher.js", import.meta.url));
  const publishers = Array.from({ length: 3 }, (_, at) => fork(script, [models, String(at), "5"]));
  const endings = await Promise.all(publishers.map((publisher) => once(publisher, "exit")));
  assert.deepEqual(
    endings.map(([code]) => code),
    [0, 0, 0],
  );
  const versions = (await readdir(join(models, "pump"))).sort((a, b) => Number(a) - Number(b));
  assert.deepEqual(
    versions,
    Array.from({ length: 15 }, (_, at) => String(at + 1)),
  );
  const seeds = new Set<unknown>();
  for (const version of versions) {
    seeds.add((await readBundle(join(models, "pump", version))).manifest.training["seed"]);
  }
  assert.equal(seeds.size, 15);
});
