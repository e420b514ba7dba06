/** Models in a real object store: what a folder of models promises holds there, too. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ResiduaError } from "../../../src/errors.js";
import { FolderStore } from "../../../src/registry/folder-store.js";
import { verifyModels } from "../../../src/registry/inventory.js";
import { addVersions, makeContents, temporaryFolder } from "../publications.js";
import { ReferenceEngine } from "../reference-engine.js";
import { type Fate, startFaultyProxy } from "./faulty-proxy.js";
import { makeBucket, openS3, skip } from "./object-store.js";

const engine = new ReferenceEngine();
const createdAt = "2026-01-01T00:00:00Z";
const hasCode = (code: string) => (error: unknown) => error instanceof ResiduaError && error.code === code;

test("a published version is the one that a folder would have, and its objects lie as files do", {
  skip,
}, async (t) => {
  const bucket = await makeBucket();
  const store = await openS3(t, bucket);
  const folder = new FolderStore(await temporaryFolder(t));
  const contents = { ...(await makeContents(engine)), createdAt };
  const [there, here] = [await store.publish("pump", contents), await folder.publish("pump", contents)];
  assert.deepEqual(there, { ...here, folder: `${bucket.place}/pump/1` });
  assert.deepEqual(
    await bucket.keys(),
    (await readdir(here.folder)).sort().map((file) => `pump/1/${file}`),
  );
  const bundle = await store.readBundle("pump", "1");
  assert.deepEqual(bundle, { ...(await folder.readBundle("pump", "1")), folder: there.folder });
  assert.deepEqual(await store.readManifest("pump", "1"), await folder.readManifest("pump", "1"));
  assert.deepEqual(await store.fileSizes("pump", "1"), await folder.fileSizes("pump", "1"));
});

test("a folder that was copied into a bucket is read as the folder is", { skip }, async (t) => {
  const bucket = await makeBucket();
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1, 2, 10]);
  await addVersions(folder, "fan.2", [3]);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const key = path.slice(folder.length + 1);
    if (entry.isFile()) await bucket.put(key, await readFile(path));
    // As the consoles of object stores make them.
    else await bucket.put(`${key}/`, "");
  }
  const store = await openS3(t, bucket);
  assert.deepEqual(await store.list(), await new FolderStore(folder).list());
  for await (const { ok, name, version, reason } of verifyModels(store, engine))
    assert.ok(ok, `${name} ${version}: ${reason}`);
});

test("a deleted version is gone at once, and its number is never given again", { skip }, async (t) => {
  const bucket = await makeBucket();
  const store = await openS3(t, bucket);
  const contents = await makeContents(engine);
  for (const version of ["1", "2"]) assert.equal((await store.publish("pump", contents)).version, version);
  await store.changeAliases("pump", (aliases) => aliases.set("stable", "2"));
  await assert.rejects(store.deleteVersion("pump", "2"), hasCode("CONFLICT"));
  await store.changeAliases("pump", (aliases) => aliases.delete("stable"));
  await store.deleteVersion("pump", "2");
  assert.deepEqual((await store.list())[0]?.versions, ["1"]);
  assert.equal(await store.has("pump", "2"), false);
  await assert.rejects(store.readManifest("pump", "2"), /manifest\.json is missing/);
  await assert.rejects(store.deleteVersion("pump", "2"), hasCode("VERSION_NOT_FOUND"));
  await assert.rejects(store.deleteVersion("pump", "9"), hasCode("VERSION_NOT_FOUND"));
  assert.deepEqual(
    (await bucket.keys()).filter((key) => key.startsWith("pump/2")),
    ["pump/2/manifest.json"],
  );
  assert.equal((await store.publish("pump", contents)).version, "3");
});

test("an alias that is set while its version is deleted brings the version back, or is told", {
  skip,
}, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const [store, other] = [await openS3(t, { ...bucket, endpoint: proxy.url }), await openS3(t, bucket)];
  const { sha256 } = await store.publish("pump", await makeContents(engine));
  proxy.fate = async ({ method, path }): Promise<Fate> => {
    if (method === "PUT" && path.includes("manifest.json")) {
      proxy.fate = () => "pass";
      await other.changeAliases("pump", (aliases) => aliases.set("stable", "1"));
    }
    return "pass";
  };
  await assert.rejects(store.deleteVersion("pump", "1"), hasCode("CONFLICT"));
  assert.equal((await store.readManifest("pump", "1")).sha256, sha256);
  assert.equal((await store.readBundle("pump", "1")).sha256, sha256);
});

test("two workers that have one job publish one version, also where the first died half-way", {
  skip,
}, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const [store, other] = [await openS3(t, { ...bucket, endpoint: proxy.url }), await openS3(t, bucket)];
  const contents = await makeContents(engine);
  const job = { id: "0123", staging: "" };
  assert.equal(await other.publishedBy("pump", job.id), undefined);
  // The first one dies before it writes the manifest.
  const died = new Promise<void>((resolve) => {
    proxy.fate = ({ path }) => {
      if (!path.includes("manifest.json")) return "pass";
      resolve();
      return new Promise(() => undefined);
    };
  });
  const first = store.publish("pump", contents, job);
  await died;
  assert.deepEqual(await other.list(), []);
  const second = await other.publish("pump", await makeContents(engine, 2), job);
  assert.equal(second.version, "1");
  proxy.fate = () => "pass";
  await store.close();
  await assert.rejects(first);
  assert.equal(await other.publishedBy("pump", job.id), "1");
  assert.deepEqual((await other.list())[0]?.versions, ["1"]);
  assert.equal((await other.readBundle("pump", "1")).sha256, second.sha256);
});

test("what nobody has finished for a day is given up, and its number stays unused", { skip }, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const store = await openS3(t, { ...bucket, endpoint: proxy.url });
  await bucket.put("pump/4/model.json", "{}");
  await bucket.put("pump/3/manifest.json", "");
  await bucket.put("pump/3/weights.bin", "left by a deletion");
  const contents = await makeContents(engine);
  assert.equal((await store.publish("pump", contents)).version, "5");
  assert.ok((await bucket.keys()).includes("pump/4/model.json"), "it may still be written");
  proxy.onAnswer = ({ method }, headers) => {
    if (method === "HEAD") headers["last-modified"] = new Date(Date.now() + 25 * 3_600_000).toUTCString();
  };
  assert.equal((await store.publish("pump", contents)).version, "6");
  const keys = await bucket.keys();
  assert.deepEqual(
    keys.filter((key) => /^pump\/[34]/.test(key)),
    ["pump/3/manifest.json", "pump/4/manifest.json"],
  );
  assert.deepEqual((await store.list())[0]?.versions, ["6", "5"]);
});

test("nothing is written to a store that does not keep to conditions", { skip }, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const store = await openS3(t, { ...bucket, endpoint: proxy.url });
  proxy.fate = ({ headers }) => {
    delete headers["if-match"];
    delete headers["if-none-match"];
    return "pass";
  };
  await assert.rejects(
    store.publish("pump", await makeContents(engine)),
    (error) => hasCode("CONFLICT")(error) && /needs to support conditional writes/.test(String(error)),
  );
  await assert.rejects(
    store.changeAliases("pump", () => undefined),
    hasCode("CONFLICT"),
  );
  assert.deepEqual(await bucket.keys(), []);
});
