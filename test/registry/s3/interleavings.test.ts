/** Writers that do their requests in any order: whatever it is, what is promised holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verifyModels } from "../../../src/registry/inventory.js";
import { makeContents } from "../publications.js";
import { ReferenceEngine } from "../reference-engine.js";
import { type Fate, type FaultyProxy, startFaultyProxy } from "./faulty-proxy.js";
import { makeBucket, openS3, skip } from "./object-store.js";

const engine = new ReferenceEngine();
const contents = await Promise.all([1, 2].map((seed) => makeContents(engine, seed)));

/**
 * Lets requests through one at a time, in an order that the numbers choose among those that wait. So the store does one
 * thing after the other, as real ones do for one key.
 * @param lost files of which the answer to the first write is lost, after the store has done it.
 */
function interleave(proxy: FaultyProxy, choices: readonly number[], lost: readonly string[]): void {
  const toLose = new Set(lost);
  const waiting: (() => void)[] = [];
  let isBusy = false;
  let count = 0;
  const next = (): void => {
    // Those that come at the same time are all there by then.
    setImmediate(() => {
      if (isBusy || waiting.length === 0) return;
      isBusy = true;
      const choice = choices[count++ % choices.length]!;
      waiting.splice(choice % waiting.length, 1)[0]!();
    });
  };
  proxy.fate = async ({ method, path }): Promise<Fate> => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      next();
    });
    const file = /[^/?]+(?=\?|$)/.exec(path)?.[0] ?? "";
    return method === "PUT" && toLose.delete(file) ? "lost" : "pass";
  };
  proxy.onDone = () => {
    isBusy = false;
    next();
  };
}

test("two publishers get distinct numbers, and all that can be seen verifies", { skip }, async (t) => {
  const property = fc.asyncProperty(
    fc.array(fc.nat(7), { minLength: 5, maxLength: 40 }),
    fc.uniqueArray(fc.constantFrom("model.json", "weights.bin", "manifest.json")),
    async (choices, lost) => {
      const bucket = await makeBucket();
      const proxy = await startFaultyProxy(t, bucket.endpoint);
      interleave(proxy, choices, lost);
      const stores = await Promise.all(contents.map(() => openS3(t, { ...bucket, endpoint: proxy.url })));
      const published = await Promise.all(stores.map((store, at) => store.publish("pump", contents[at]!)));
      const reader = await openS3(t, bucket);
      const versions = (await reader.list())[0]!.versions;
      assert.equal(new Set(published.map(({ version }) => version)).size, 2);
      assert.deepEqual([...versions].sort(), published.map(({ version }) => version).sort());
      for await (const { ok, version, reason } of verifyModels(reader, engine))
        assert.ok(ok, `version ${version}: ${reason}`);
      for (const { version, sha256 } of published)
        assert.equal((await reader.readManifest("pump", version)).sha256, sha256);
      proxy.close();
    },
  );
  await fc.assert(property, { numRuns: 15 });
});

test("two workers of one job publish it once", { skip }, async (t) => {
  const property = fc.asyncProperty(fc.array(fc.nat(7), { minLength: 5, maxLength: 40 }), async (choices) => {
    const bucket = await makeBucket();
    const proxy = await startFaultyProxy(t, bucket.endpoint);
    interleave(proxy, choices, []);
    const job = { id: "job", staging: "" };
    const stores = await Promise.all(contents.map(() => openS3(t, { ...bucket, endpoint: proxy.url })));
    const [one, other] = await Promise.all(
      stores.map((store, at) => store.publish("pump", contents[at]!, job)),
    );
    assert.deepEqual(one, other);
    const reader = await openS3(t, bucket);
    assert.deepEqual((await reader.list())[0]!.versions, [one!.version]);
    assert.equal((await reader.readBundle("pump", one!.version)).sha256, one!.sha256);
    proxy.close();
  });
  await fc.assert(property, { numRuns: 10 });
});

test("replicas that change aliases at once all win, and a lost answer is no second change", {
  skip,
}, async (t) => {
  const property = fc.asyncProperty(
    fc.array(fc.nat(7), { minLength: 5, maxLength: 30 }),
    fc.uniqueArray(fc.constant("aliases.json")),
    async (choices, lost) => {
      const bucket = await makeBucket();
      const proxy = await startFaultyProxy(t, bucket.endpoint);
      await bucket.put("pump/aliases.json", '{"old": "1"}');
      interleave(proxy, choices, lost);
      const changes: ((aliases: Map<string, string>) => void)[] = [
        (aliases) => aliases.set("stable", "1"),
        (aliases) => aliases.set("candidate", "2"),
        (aliases) => assert.ok(aliases.delete("old")),
      ];
      const stores = await Promise.all(changes.map(() => openS3(t, { ...bucket, endpoint: proxy.url })));
      await Promise.all(stores.map((store, at) => store.changeAliases("pump", changes[at]!)));
      const aliases = await (await openS3(t, bucket)).readAliases("pump");
      assert.deepEqual(Object.fromEntries(aliases), { candidate: "2", stable: "1" });
      proxy.close();
    },
  );
  await fc.assert(property, { numRuns: 10 });
});
