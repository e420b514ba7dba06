import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createWasmEngine, WasmEngine } from "../../src/engine/wasm/engine.js";
import { type ErrorCode, ResiduaError } from "../../src/errors.js";
import { writeAliases } from "../../src/registry/aliases.js";
import { publishBundle } from "../../src/registry/bundle.js";
import { Registry, type RegistryOptions } from "../../src/registry/registry.js";
import { addVersions, makeContents, renameInto, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function makeGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

const log = { info: () => undefined, warn: () => undefined };

async function openRegistry(
  t: TestContext,
  folder: string,
  engine: ReferenceEngine,
  options: Partial<RegistryOptions> = {},
): Promise<Registry> {
  const registry = await Registry.open({ folder, engine, liveVersions: 2, pollSeconds: 0, log, ...options });
  t.after(() => registry.close());
  return registry;
}

async function opened(
  t: TestContext,
  versions = 1,
  options: Partial<RegistryOptions> = {},
): Promise<{ folder: string; engine: ReferenceEngine; registry: Registry }> {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  const numbers = Array.from({ length: versions }, (_, at) => at + 1);
  await addVersions(folder, "pump", numbers);
  const registry = await openRegistry(t, folder, engine, options);
  await registry.poll();
  return { folder, engine, registry };
}

function states(registry: Registry, name = "pump"): Record<string, string> {
  const model = registry.listModels().find((each) => each.name === name);
  return Object.fromEntries((model?.versions ?? []).map(({ version, state }) => [version, state]));
}

function versionServed(registry: Registry, selection: { version?: string; alias?: string } = {}): string {
  const lease = registry.acquire("pump", selection);
  lease.release();
  return lease.model.version;
}

function assertRefused(action: () => unknown, code: ErrorCode, sentence: RegExp): ResiduaError {
  let caught: unknown;
  assert.throws(action, (error) => {
    caught = error;
    return error instanceof ResiduaError && error.code === code && sentence.test(error.message);
  });
  return caught as ResiduaError;
}

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

test("what has not changed is not opened again", async (t) => {
  const { engine, registry } = await opened(t, 3);
  const { compiled } = engine;
  await registry.poll();
  await registry.poll();
  assert.equal(engine.compiled, compiled);
});

test("aliases are followed, and keep their version live", async (t) => {
  const { folder, engine, registry } = await opened(t, 4);
  await writeAliases(join(folder, "pump"), new Map([["stable", "1"]]));
  await registry.poll();
  assert.deepEqual(states(registry), { 4: "live", 3: "live", 2: "stored", 1: "live" });
  assert.equal(versionServed(registry), "1");
  assert.equal(versionServed(registry, { alias: "stable" }), "1");
  assert.deepEqual(registry.listModels()[0]!.aliases, { stable: "1" });

  await writeAliases(join(folder, "pump"), new Map([["candidate", "2"]]));
  await registry.poll();
  assert.deepEqual(states(registry), { 4: "live", 3: "live", 2: "live", 1: "stored" });
  assert.equal(versionServed(registry), "4");
  assert.equal(versionServed(registry, { alias: "candidate" }), "2");
  assertRefused(() => registry.acquire("pump", { alias: "stable" }), "ALIAS_NOT_FOUND", /it has candidate/);
  assert.equal(engine.open, 3);
});

test("an alias changes over only once its new version is live", async (t) => {
  const { folder, engine, registry } = await opened(t, 3, { liveVersions: 1 });
  await writeAliases(join(folder, "pump"), new Map([["stable", "1"]]));
  await registry.poll();
  const gate = makeGate();
  const reached = makeGate();
  engine.beforeCompile = () => {
    reached.open();
    return gate.opened;
  };
  await writeAliases(join(folder, "pump"), new Map([["stable", "2"]]));
  const poll = registry.poll();
  await reached.opened;
  assert.equal(versionServed(registry), "1");
  assert.equal(registry.readiness().ready, true);
  gate.open();
  await poll;
  assert.equal(versionServed(registry), "2");
  assert.deepEqual(states(registry), { 3: "live", 2: "live", 1: "stored" });
});

test("an alias of a version that is not there, or refused, is not ready and says why", async (t) => {
  const { folder, registry } = await opened(t, 3);
  await rm(join(folder, "pump", "1", "model.json"));
  await writeAliases(
    join(folder, "pump"),
    new Map([
      ["stable", "8"],
      ["candidate", "1"],
    ]),
  );
  await registry.poll();
  assertRefused(
    () => registry.acquire("pump"),
    "VERSION_NOT_FOUND",
    /"stable" .* version 8, which is not there; live are 3, 2/,
  );
  assertRefused(
    () => registry.acquire("pump", { alias: "candidate" }),
    "VERSION_NOT_FOUND",
    /version 1, which is refused \(model/,
  );
  assert.deepEqual(registry.readiness().problems, [
    "pump: alias candidate stands for version 1, which is refused (model.json is missing.).",
    "pump: alias stable stands for version 8, which is not there.",
  ]);
});

test("a broken aliases.json leaves the aliases as they were, and is not ready", async (t) => {
  const { folder, registry } = await opened(t, 3);
  await writeAliases(join(folder, "pump"), new Map([["stable", "2"]]));
  await registry.poll();
  await writeFile(join(folder, "pump", "aliases.json"), '{"stable": 3}');
  await registry.poll();
  assert.equal(versionServed(registry), "2");
  assert.match(registry.readiness().problems[0]!, /Alias "stable" has to be a version such as "2", not 3/);
  await assert.rejects(
    registry.setAlias("pump", "stable", "3"),
    /until aliases\.json is repaired or removed/,
  );
});

test("setting an alias brings its version up first and writes the file; deleting it undoes both", async (t) => {
  const { folder, engine, registry } = await opened(t, 4);
  const listing = await registry.setAlias("pump", "candidate", "1");
  assert.deepEqual(listing.aliases, { candidate: "1" });
  assert.equal(versionServed(registry, { alias: "candidate" }), "1");
  await registry.setAlias("pump", "stable", "3");
  assert.deepEqual(JSON.parse(await readFile(join(folder, "pump", "aliases.json"), "utf8")), {
    candidate: "1",
    stable: "3",
  });
  const replica = await openRegistry(t, folder, engine);
  await replica.poll();
  assert.deepEqual(replica.listModels(), registry.listModels());
  await registry.deleteAlias("pump", "candidate");
  assert.deepEqual(states(registry), { 4: "live", 3: "live", 2: "stored", 1: "stored" });
  await replica.poll();
  assert.deepEqual(replica.listModels(), registry.listModels());
});

test("an alias is not set to what cannot serve", async (t) => {
  const { folder, registry } = await opened(t, 3);
  await rm(join(folder, "pump", "1", "model.json"));
  const cases: [() => Promise<unknown>, ErrorCode, RegExp][] = [
    [() => registry.setAlias("pump", "stable", "1"), "VERSION_NOT_FOUND", /refused: model\.json is missing/],
    [() => registry.setAlias("pump", "stable", "7"), "VERSION_NOT_FOUND", /no version 7; it has 3, 2, 1/],
    [() => registry.setAlias("pump", "Not this", "2"), "INVALID_REQUEST", /no name for an alias/],
    [() => registry.setAlias("fan", "stable", "2"), "MODEL_NOT_FOUND", /no model "fan"/],
    [() => registry.deleteAlias("pump", "stable"), "ALIAS_NOT_FOUND", /it has none/],
  ];
  for (const [action, code, sentence] of cases) {
    await assert.rejects(
      action,
      (error) => error instanceof ResiduaError && error.code === code && sentence.test(error.message),
    );
  }
  assert.deepEqual(registry.listModels()[0]!.aliases, {});
});

test("an alias stays as it was while the engine cannot load its new version", async (t) => {
  const { engine, registry } = await opened(t, 3);
  engine.beforeCompile = async () => {
    throw new ResiduaError("ENGINE_RESTARTING", "The engine is restarting.");
  };
  await assert.rejects(
    registry.setAlias("pump", "stable", "1"),
    (error) =>
      error instanceof ResiduaError && error.code === "MODEL_NOT_READY" && error.retryAfterSeconds === 1,
  );
  assert.deepEqual(registry.listModels()[0]!.aliases, {});
  assert.equal(versionServed(registry), "3");
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
  assert.equal(versionServed(registry), "2");
  await registry.close();
  assert.equal(scheduled[1]!.cancelled, true);
  assert.equal(engine.open, 0);
  assertRefused(() => registry.acquire("pump"), "SHUTTING_DOWN", /shutting down/);
});

test("two hundred versions swapped in on the wasm engine leave nothing behind", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  assert.ok(engine instanceof WasmEngine);
  const contents = [await makeContents(engine, 1), await makeContents(engine, 2)];
  await renameInto(folder, "pump", 1, contents[0]!);
  const registry = await Registry.open({ folder, engine, liveVersions: 2, pollSeconds: 0, log });
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
