import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type ErrorCode, ResiduaError } from "../../src/errors.js";
import { writeAliases } from "../../src/registry/aliases.js";
import { addVersions } from "./publications.js";
import { assertRefused, makeGate, opened, openRegistry, states, versionServed } from "./running-registry.js";

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
    [() => registry.setAlias("pump", "Not this", "2"), "INVALID_REQUEST", /cannot be the name of an alias/],
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

test("an alias that moves while its model is followed stands for the version before until the next one is live", async (t) => {
  const { folder, engine, registry } = await opened(t, 2, { liveVersions: 1 });
  await registry.setAlias("pump", "stable", "2");
  await addVersions(folder, "pump", [3]);
  // Compilations wait: first that of version 3, which the new listing wants, then that of version 1, which the alias wants.
  const gates = [makeGate(), makeGate()];
  const reached = [makeGate(), makeGate()];
  let compilations = 0;
  engine.beforeCompile = () => {
    reached[compilations]!.open();
    return gates[compilations++]!.opened;
  };
  const first = registry.poll();
  await reached[0]!.opened;
  await writeAliases(join(folder, "pump"), new Map([["stable", "1"]]));
  const second = registry.poll();
  while (registry.listModels()[0]!.aliases["stable"] !== "1") await new Promise(setImmediate);
  gates[0]!.open();
  await first;
  await reached[1]!.opened;
  assert.equal(versionServed(registry), "2");
  gates[1]!.open();
  await second;
  assert.equal(versionServed(registry), "1");
});
