/** Idempotency keys that several orders want at once. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FileKeys } from "../../../src/jobs/files/file-keys.js";
import { JobFolder } from "../../../src/jobs/files/job-folder.js";
import { newJobId } from "../../../src/jobs/job-id.js";
import { KEY_MS } from "../../../src/jobs/limits.js";
import { modelsFolder } from "../job-service.js";

const USE = { key: "pump-1", hash: "0a" };
const ROUNDS = 30;
const AT_ONCE = 6;

for (const [what, stale] of [
  ["is over", JSON.stringify({ id: newJobId(0), hash: USE.hash, atMs: Date.now() - KEY_MS })],
  ["is damaged", "{"],
] as const) {
  test(`of orders that come at once with a key that ${what}, one gets it`, async (t) => {
    for (let round = 0; round < ROUNDS; round++) {
      const jobs = new JobFolder(await modelsFolder(t));
      await jobs.prepare();
      const first = new FileKeys(jobs);
      await first.take(USE, "before");
      const [name] = await readdir(jobs.path("keys"));
      await writeFile(join(jobs.path("keys"), name!), stale);
      // Whoever gets the key puts the job into the queue; the others wait for that.
      const order = async (): Promise<string> => {
        const id = newJobId(Date.now());
        const holder = await new FileKeys(jobs).take(USE, id);
        if (holder === id) await mkdir(join(jobs.path("queued"), `${id}.0`));
        return holder;
      };
      const holders = await Promise.all(Array.from({ length: AT_ONCE }, order));
      assert.equal(new Set(holders).size, 1, `round ${round}`);
      assert.equal((await jobs.list("queued")).length, 1);
    }
  });
}

test("a key that was taken anew leaves one file", async (t) => {
  const jobs = new JobFolder(await modelsFolder(t));
  await jobs.prepare();
  const keys = new FileKeys(jobs);
  for (const id of ["first", "second", "third"]) {
    assert.equal(await keys.take(USE, id), id);
    const names = await readdir(jobs.path("keys"));
    assert.equal(names.length, 1);
    assert.match(await readFile(join(jobs.path("keys"), names[0]!), "utf8"), new RegExp(id));
    await writeFile(join(jobs.path("keys"), names[0]!), "");
  }
});
