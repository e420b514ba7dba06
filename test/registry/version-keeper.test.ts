import assert from "node:assert/strict";
import { copyFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWasmEngine, WasmEngine } from "../../src/engine/wasm/engine.js";
import { ResiduaError } from "../../src/errors.js";
import { publishBundle } from "../../src/registry/bundle.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { Registry } from "../../src/registry/registry.js";
import { addVersions, makeContents, renameInto, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";
import {
  assertRefused,
  log,
  makeGate,
  opened,
  openRegistry,
  states,
  versionServed,
} from "./running-registry.js";

test("a new version is swapped in; the one it pushes out drains until its last lease is released", async (t) => {
  const { folder, engine, registry } = await opened(t, 2);
  const lease = registry.acquire("pump", { version: "1" });
  const other = registry.acquire("pump", { version: "1" });
  await addVersions(folder, "pump", [3]);
  assert.equal(versionServed(registry), "2");
  await registry.poll();
  assert.equal(versionServed(registry), "3");
  assert.deepEqual(states(registry), { 3: "live", 2: "live", 1: "draining" });
  assertRefused(() => registry.acquire("pump", { version: "1" }), "VERSION_NOT_FOUND", /it is draining/);
  const outputs = await lease.model.executable.run(new Float32Array(8), 1);
  assert.equal(outputs.heads[0]!.length, 8);
  lease.release();
  lease.release();
  assert.equal(engine.open, 3);
  other.release();
  await registry.poll();
  assert.equal(engine.open, 2);
  assert.deepEqual(states(registry), { 3: "live", 2: "live", 1: "stored" });
});

test("while a new version loads the old one answers, and the service stays ready", async (t) => {
  const { folder, engine, registry } = await opened(t, 1);
  await addVersions(folder, "pump", [2]);
  const gate = makeGate();
  const reached = makeGate();
  engine.beforeCompile = () => {
    reached.open();
    return gate.opened;
  };
  const poll = registry.poll();
  await reached.opened;
  assert.equal(versionServed(registry), "1");
  assert.deepEqual(states(registry), { 2: "loading", 1: "live" });
  assert.equal(registry.readiness().ready, true);
  gate.open();
  await poll;
  assert.equal(versionServed(registry), "2");
});

test("a broken version is refused with its reason, tried once, and the one before serves on", async (t) => {
  const { folder, engine, registry } = await opened(t, 1);
  await addVersions(folder, "pump", [2]);
  const weights = join(folder, "pump", "2", "weights.bin");
  const good = await readFile(weights);
  await writeFile(
    weights,
    good.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
  );
  const { compiled } = engine;
  await registry.poll();
  await registry.poll();
  assert.equal(engine.compiled, compiled);
  assert.equal(versionServed(registry), "1");
  assert.equal(registry.readiness().ready, true);
  const listing = registry.listModels()[0]!.versions[0]!;
  assert.equal(listing.state, "refused");
  assert.match(listing.reason!, /weights\.bin has sha256/);
  assertRefused(
    () => registry.acquire("pump", { version: "2" }),
    "VERSION_NOT_FOUND",
    /refused \(weights\.bin/,
  );

  await writeFile(weights, good);
  await registry.poll();
  assert.equal(versionServed(registry), "2");
  assert.equal(registry.listModels()[0]!.versions[0]!.reason, null);
});

test("refused versions do not count among the newest", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(folder, "pump", [1, 2, 3, 4]);
  for (const version of ["4", "2"]) await rm(join(folder, "pump", version, "sample.json"));
  const registry = await openRegistry(t, folder, engine);
  await registry.poll();
  assert.deepEqual(states(registry), { 4: "refused", 3: "live", 2: "refused", 1: "live" });
  assert.equal(registry.readiness().ready, true);
});

test("an engine that answers otherwise than the golden windows does not serve", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(folder, "pump", [1]);
  engine.offset = 0.001;
  const registry = await openRegistry(t, folder, engine);
  await registry.poll();
  assert.match(
    registry.listModels()[0]!.versions[0]!.reason!,
    /golden\.json does not replay: the reconstruction/,
  );
  assert.equal(engine.open, 0);
});

test("an engine in trouble refuses nothing: it is asked again, and what serves goes on", async (t) => {
  const { folder, engine, registry } = await opened(t, 2);
  await addVersions(folder, "pump", [3]);
  engine.beforeCompile = async () => {
    throw new ResiduaError("ENGINE_RESTARTING", "The engine is restarting.");
  };
  await registry.poll();
  assert.deepEqual(states(registry), { 3: "loading", 2: "live", 1: "live" });
  assert.equal(versionServed(registry), "2");
  engine.beforeCompile = async () => undefined;
  await registry.poll();
  assert.deepEqual(states(registry), { 3: "live", 2: "live", 1: "stored" });
});

test("a version whose folder is removed drains and is gone", async (t) => {
  const { folder, registry } = await opened(t, 2);
  const lease = registry.acquire("pump");
  await rm(join(folder, "pump", "2"), { recursive: true });
  await registry.poll();
  assert.deepEqual(states(registry), { 2: "draining", 1: "live" });
  assert.equal(versionServed(registry), "1");
  assert.equal(registry.readiness().ready, true);
  lease.release();
  await registry.poll();
  assert.deepEqual(states(registry), { 1: "live" });
  await rm(join(folder, "pump"), { recursive: true });
  await registry.poll();
  await registry.poll();
  assert.deepEqual(registry.listModels(), []);
});

test("a folder replaced by another bundle of the same number is opened anew", async (t) => {
  const { folder, engine, registry } = await opened(t, 1);
  const before = registry.listModels()[0]!.versions[0]!.sha256;
  const elsewhere = await temporaryFolder(t);
  await publishBundle(elsewhere, "pump", await makeContents(engine, 77));
  await rename(join(folder, "pump", "1"), join(folder, "pump", ".tmp-old"));
  await rename(join(elsewhere, "pump", "1"), join(folder, "pump", "1"));
  await registry.poll();
  assert.deepEqual(states(registry), { 1: "live" });
  assert.notEqual(registry.listModels()[0]!.versions[0]!.sha256, before);
  await registry.poll();
  assert.equal(engine.open, 1);
});

test("a live version whose folder is damaged serves on, and says so", async (t) => {
  const { folder, registry } = await opened(t, 1);
  const manifest = join(folder, "pump", "1", "manifest.json");
  await copyFile(manifest, join(folder, "manifest"));
  await rm(manifest);
  await registry.poll();
  assert.equal(versionServed(registry), "1");
  const [listing] = registry.listModels()[0]!.versions;
  assert.equal(listing!.state, "live");
  assert.match(listing!.reason!, /manifest\.json is missing/);
  await copyFile(join(folder, "manifest"), manifest);
  await registry.poll();
  assert.equal(registry.listModels()[0]!.versions[0]!.reason, null);
});

test("of many versions, files are looked at in turn: a damaged one is noticed within as many looks as there are parts", async (t) => {
  const { folder, registry } = await opened(t, 1, { checkedPerLook: 1 });
  await addVersions(folder, "valve", [1]);
  await addVersions(folder, "belt", [1]);
  for (let look = 0; look < 3; look++) await registry.poll();
  for (const name of ["belt", "pump", "valve"]) await rm(join(folder, name, "1", "manifest.json"));
  const noticed: number[] = [];
  for (let look = 0; look < 3; look++) {
    await registry.poll();
    noticed.push(registry.listModels().filter(({ versions }) => versions[0]!.reason !== null).length);
  }
  assert.deepEqual(noticed, [1, 2, 3]);
});

test("a version that is wanted again is opened again, also where it is not its turn", async (t) => {
  const { folder, registry } = await opened(t, 1, { liveVersions: 1, checkedPerLook: 1 });
  await addVersions(folder, "valve", [1]);
  await addVersions(folder, "pump", [2]);
  for (let look = 0; look < 3; look++) await registry.poll();
  assert.deepEqual(states(registry), { 1: "stored", 2: "live" });
  await rm(join(folder, "pump", "2"), { recursive: true });
  await registry.poll();
  assert.deepEqual(states(registry), { 1: "live" });
});

test("what has not changed is not opened again", async (t) => {
  const { engine, registry } = await opened(t, 3);
  const { compiled } = engine;
  await registry.poll();
  await registry.poll();
  assert.equal(engine.compiled, compiled);
});

test("two hundred versions swapped in on the wasm engine leave nothing behind", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  assert.ok(engine instanceof WasmEngine);
  const contents = [await makeContents(engine, 1), await makeContents(engine, 2)];
  await renameInto(folder, "pump", 1, contents[0]!);
  const registry = await Registry.open({
    store: new FolderStore(folder),
    engine,
    liveVersions: 2,
    pollSeconds: 0,
    log,
  });
  await registry.poll();
  const heldBytes = engine.heap.heldBytes;
  for (let version = 2; version <= 200; version++) {
    const lease = registry.acquire("pump");
    await renameInto(folder, "pump", version, contents[version % 2]!);
    await registry.poll();
    const outputs = await lease.model.executable.run(contents[0]!.golden.windows, 2);
    assert.equal(outputs.heads.length, 1);
    lease.release();
    if (version > 3) await rm(join(folder, "pump", String(version - 3)), { recursive: true });
  }
  await registry.poll();
  assert.equal(versionServed(registry), "200");
  assert.deepEqual(Object.keys(states(registry)).length, 3);
  assert.equal(engine.heap.heldBytes, 2 * heldBytes);
  await registry.close();
  assert.equal(engine.heap.heldBytes, 0);
});
