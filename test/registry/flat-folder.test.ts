/** A folder of models that is one version itself, as KServe mounts it at /mnt/models. */
import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { InputError } from "../../src/errors.js";
import { publishBundle } from "../../src/registry/bundle.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { listPublished, verifyModels } from "../../src/registry/inventory.js";
import { openStore } from "../../src/registry/open-store.js";
import { loadStoredModel } from "../../src/registry/stored-model.js";
import { repository, startServer } from "../server-process.js";
import { addVersions, makeContents, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";
import { assertRefused, openRegistry, states, versionServed } from "./running-registry.js";

/** A folder with the files of pump 3 directly in it. */
async function flatFolder(t: TestContext): Promise<string> {
  const [models, flat] = [await temporaryFolder(t), await temporaryFolder(t)];
  await addVersions(models, "pump", [3]);
  await cp(join(models, "pump", "3"), flat, { recursive: true });
  return flat;
}

test("the manifest of a flat folder says name and version; aliases and manifest are those of a model", async (t) => {
  const folder = await flatFolder(t);
  const registry = await openRegistry(t, folder, new ReferenceEngine());
  await registry.poll();
  assert.deepEqual(states(registry), { 3: "live" });
  assert.equal(versionServed(registry, { version: "3" }), "3");
  assert.equal((await registry.manifest("pump")).version, "3");
  await registry.setAlias("pump", "stable", "3");
  assert.equal(versionServed(registry, { alias: "stable" }), "3");
  assert.deepEqual(registry.readiness(), { ready: true, problems: [] });
  await assert.rejects(registry.deleteVersion("pump", "3"), { code: "CONFLICT" });
  await registry.poll();
  const [listed] = registry.listModels();
  assert.deepEqual([listed!.aliases, listed!.versions[0]!.reason], [{ stable: "3" }, null]);
});

test("a name that is given stands instead of the manifest's, in answers too", async (t) => {
  const folder = await flatFolder(t);
  const registry = await openRegistry(t, folder, new ReferenceEngine(), {
    store: new FolderStore(folder, "pump-in-hall-2"),
  });
  await registry.poll();
  const lease = registry.acquire("pump-in-hall-2");
  lease.release();
  assert.equal(lease.model.name, "pump-in-hall-2");
  assert.equal(lease.model.manifest.name, "pump");
  assertRefused(() => registry.acquire("pump"), "MODEL_NOT_FOUND", /there is pump-in-hall-2/);
});

test("what is wrong with a flat folder is said, and the version that serves goes on", async (t) => {
  const folder = await flatFolder(t);
  const registry = await openRegistry(t, folder, new ReferenceEngine());
  await registry.poll();
  await writeFile(join(folder, "notes.txt"), "");
  await registry.poll();
  const [listed] = registry.listModels();
  assert.match(listed!.versions[0]!.reason!, /"notes.txt" is not a file of a bundle/);
  await rm(join(folder, "notes.txt"));
  await writeFile(join(folder, "manifest.json"), "{}");
  await registry.poll();
  assert.equal(versionServed(registry), "3");
  const other = await openRegistry(t, folder, new ReferenceEngine());
  await other.poll();
  assert.match(
    other.notSettled()!,
    /The folder of models cannot be read: manifest.json is of schema version/,
  );
});

test("another version in the flat folder takes over", async (t) => {
  const folder = await flatFolder(t);
  const registry = await openRegistry(t, folder, new ReferenceEngine());
  await registry.poll();
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [12]);
  await cp(join(models, "pump", "12"), folder, { recursive: true });
  await registry.poll();
  assert.deepEqual(states(registry), { 12: "live" });
  assert.equal(versionServed(registry), "12");
});

test("the command line lists, verifies and loads a flat folder, and publishes nothing in it", async (t) => {
  const folder = await flatFolder(t);
  const engine = new ReferenceEngine();
  const store = new FolderStore(folder);
  const [listed] = await listPublished(store);
  assert.deepEqual([listed?.name, listed?.version, listed?.reason], ["pump", "3", undefined]);
  assert.equal(store.placeOf("pump", "3"), folder);
  for await (const { ok, reason } of verifyModels(store, engine)) assert.ok(ok, reason);
  const model = await loadStoredModel(store, "pump", {}, engine);
  assert.equal(model.version, "3");
  await model.executable.close();
  await assert.rejects(publishBundle(folder, "pump", await makeContents(engine)), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /it is the folder of one version, and nothing can be published in it/);
    return true;
  });
});

test("a name that is given for a folder of models is said to have no effect", async (t) => {
  const flat = await flatFolder(t);
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [3]);
  const sentences: string[] = [];
  const open = (place: string, flatName?: string) =>
    openStore({ place, flatName, cacheFolder: models, cacheBytes: 0 }, (sentence) =>
      sentences.push(sentence),
    );
  for (const [place, name, called] of [
    [models, undefined, "pump"],
    [flat, "other", "other"],
    [models, "other", "pump"],
  ] as const) {
    const store = open(place, name);
    assert.deepEqual(
      (await store.list()).map((model) => model.name),
      [called],
    );
    await store.close();
  }
  assert.equal(sentences.length, 1);
  assert.match(sentences[0]!, /^RESIDUA_MODEL_NAME has no effect: there is no manifest\.json in /);
});

test("a server answers for a flat folder under the name that KServe gives", async (t) => {
  const folder = await temporaryFolder(t);
  await cp(join(repository, "models", "ramp-reconstruction", "1"), folder, { recursive: true });
  const server = await startServer({
    RESIDUA_MODELS: folder,
    RESIDUA_MODEL_NAME: "my-ramp",
    RESIDUA_THREADS: "1",
  });
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  const ready = await fetch(`${server.url}/v2/models/my-ramp/ready`);
  assert.deepEqual([ready.status, await ready.json()], [200, { name: "my-ramp", ready: true }]);
  const { windows } = JSON.parse(await readFile(join(folder, "sample.json"), "utf8")) as {
    windows: number[][][];
  };
  const shape = [windows.length, windows[0]!.length, windows[0]![0]!.length];
  const tensor = { name: "windows", datatype: "FP64", shape, data: windows.flat(2) };
  const answer = await fetch(`${server.url}/v2/models/my-ramp/infer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs: [tensor], outputs: [{ name: "score" }] }),
  });
  const inferred = (await answer.json()) as Record<string, unknown>;
  assert.equal(answer.status, 200, JSON.stringify(inferred));
  assert.deepEqual([inferred["model_name"], inferred["model_version"]], ["my-ramp", "1"]);
  const scored = await fetch(`${server.url}/v1/models/my-ramp/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ windows }),
  });
  const { model } = (await scored.json()) as { model: { name: string; version: string } };
  assert.deepEqual([model.name, model.version], ["my-ramp", "1"]);
  assert.equal(await server.end(), 0);
});
