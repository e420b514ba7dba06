import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { addVersions, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";
import { assertRefused, makeGate, opened, openRegistry, states, versionServed } from "./running-registry.js";

test("the newest versions are live, the highest answers, the others are stored", async (t) => {
  const { registry } = await opened(t, 3);
  assert.deepEqual(states(registry), { 3: "live", 2: "live", 1: "stored" });
  assert.equal(versionServed(registry), "3");
  assert.equal(versionServed(registry, { version: "2" }), "2");
  assertRefused(
    () => registry.acquire("pump", { version: "1" }),
    "VERSION_NOT_FOUND",
    /it is stored; live are 3, 2/,
  );
  assertRefused(
    () => registry.acquire("pump", { version: "9" }),
    "VERSION_NOT_FOUND",
    /not there; live are 3, 2/,
  );
  assertRefused(() => registry.acquire("pump", { alias: "candidate" }), "ALIAS_NOT_FOUND", /it has none/);
  assertRefused(() => registry.acquire("fan"), "MODEL_NOT_FOUND", /no model "fan"; there is pump/);
  assert.deepEqual(registry.readiness(), { ready: true, problems: [] });
});

test("a listing has the hash, engine and device of what is live, and the hash of what is stored", async (t) => {
  const { registry } = await opened(t, 3);
  const [newest, , oldest] = registry.listModels()[0]!.versions;
  assert.match(newest!.sha256!, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    { ...newest, sha256: "" },
    {
      version: "3",
      state: "live",
      sha256: "",
      engine: "wasm",
      device: "cpu",
      reason: null,
    },
  );
  assert.match(oldest!.sha256!, /^[0-9a-f]{64}$/);
  assert.equal(oldest!.engine, null);
});

test("until its first version is loaded a model is not ready", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(folder, "pump", [1]);
  const gate = makeGate();
  engine.beforeCompile = () => gate.opened;
  const registry = await openRegistry(t, folder, engine);
  const error = assertRefused(() => registry.acquire("pump"), "MODEL_NOT_READY", /being loaded/);
  assert.equal(error.retryAfterSeconds, 1);
  assertRefused(() => registry.acquire("pump", { version: "1" }), "MODEL_NOT_READY", /being loaded/);
  assert.deepEqual(states(registry), { 1: "loading" });
  assert.deepEqual(registry.readiness(), {
    ready: false,
    problems: ["pump: version 1 is loading.", "No version of any model is live."],
  });
  gate.open();
  await registry.poll();
  assert.equal(versionServed(registry), "1");
  assert.equal(registry.readiness().ready, true);
});

test("an empty or missing folder is not ready, and is followed once there is something", async (t) => {
  const folder = join(await temporaryFolder(t), "models");
  const engine = new ReferenceEngine();
  const registry = await openRegistry(t, folder, engine);
  assert.match(registry.readiness().problems[0]!, /folder of models cannot be read/);
  await mkdir(folder);
  await registry.poll();
  assert.deepEqual(registry.readiness().problems, ["There is no model in the folder of models."]);
  assertRefused(() => registry.acquire("pump"), "MODEL_NOT_FOUND", /there is none/);
  await addVersions(folder, "pump", [1]);
  await registry.poll();
  assert.equal(registry.readiness().ready, true);
});

test("a model of which every version is refused says so; the other models serve", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(folder, "pump", [1]);
  await addVersions(folder, "fan", [1]);
  await rm(join(folder, "fan", "1", "model.json"));
  const registry = await openRegistry(t, folder, engine);
  await registry.poll();
  assertRefused(
    () => registry.acquire("fan"),
    "VERSION_NOT_FOUND",
    /version 1 is refused \(model\.json is missing/,
  );
  assert.equal(versionServed(registry), "1");
  assert.equal(registry.readiness().ready, true);
});

test("the manifest of live and stored versions can be read", async (t) => {
  const { folder, registry } = await opened(t, 3);
  assert.equal((await registry.manifest("pump")).version, "3");
  assert.equal((await registry.manifest("pump", { version: "1" })).version, "1");
  await writeFile(join(folder, "pump", "1", "manifest.json"), "{}");
  await assert.rejects(registry.manifest("pump", { version: "1" }), /Version 1 of model "pump" is refused/);
  await assert.rejects(registry.manifest("pump", { version: "9" }), /no live version 9/);
});

test("the folder is looked at again and again, until the registry closes", async (t) => {
  const scheduled: { task: () => void; delayMs: number; cancelled: boolean }[] = [];
  let announce = makeGate();
  const { folder, engine, registry } = await opened(t, 1, {
    pollSeconds: 2,
    schedule: (task, delayMs) => {
      const entry = { task, delayMs, cancelled: false };
      scheduled.push(entry);
      announce.open();
      return () => {
        entry.cancelled = true;
      };
    },
  });
  await announce.opened;
  assert.equal(scheduled[0]!.delayMs, 2000);
  await addVersions(folder, "pump", [2]);
  announce = makeGate();
  scheduled[0]!.task();
  await announce.opened;
  await registry.poll();
  assert.equal(versionServed(registry), "2");
  await registry.close();
  assert.equal(scheduled[1]!.cancelled, true);
  assert.equal(engine.open, 0);
  assertRefused(() => registry.acquire("pump"), "SHUTTING_DOWN", /shutting down/);
});
