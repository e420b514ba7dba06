/**
 * Two services on one folder, jobs, and a hand that kills processes and services, drawn from a seed. Whatever it does, each
 * job ends once, and what is published is whole. CHAOS_SEED runs a seed again.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { verifyModels } from "../../src/registry/inventory.js";
import { type JobServer, modelsFolder, QUICK, serve } from "./job-service.js";

const JOBS = 5;
const BLOWS = 4;

/** Numbers from 0 to below 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("whoever is killed at random, each job ends once and each version is whole", async (t) => {
  const seed = Number(process.env["CHAOS_SEED"] ?? 1);
  t.diagnostic(`CHAOS_SEED=${seed}`);
  const random = randomFrom(seed);
  const folder = await modelsFolder(t);
  const services = await Promise.all([serve(t, folder), serve(t, folder)]);
  const ids: string[] = [];
  for (let index = 0; index < JOBS; index++) {
    ids.push(await services[index % 2]!.accepted("pump", `${QUICK}&seed=${index}`));
  }
  for (let blow = 0; blow < BLOWS; blow++) {
    await delay(random() * 1500);
    const victim = random() < 0.5 ? 0 : 1;
    const service: JobServer = services[victim]!;
    const kind = random();
    if (kind < 0.5) {
      const pids = [...service.server.log().matchAll(/"child":(\d+),"msg":"the job's process runs"/g)];
      const pid = Number(pids.at(-1)?.[1]);
      try {
        if (pid > 0) process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
      continue;
    }
    await service.server.end(kind < 0.8 ? "SIGKILL" : "SIGTERM");
    services[victim] = await serve(t, folder);
  }
  const jobs = await Promise.all(ids.map((id, index) => services[index % 2]!.ended(id)));
  const states = jobs.map(({ state }) => state);
  assert.ok(
    states.every((state) => state === "done" || state === "failed"),
    states.join(),
  );
  const versions = jobs.flatMap(({ version }) => version ?? []).sort();
  assert.equal(versions.length, states.filter((state) => state === "done").length);
  const published = (await readdir(join(folder, "pump"))).filter((name) => /^\d+$/.test(name)).sort();
  assert.deepEqual(versions, published);
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  for await (const { version, ok, reason } of verifyModels(new FolderStore(folder), engine))
    assert.ok(ok, `${version}: ${reason}`);
  for (const part of ["uploads", "queued", "running"]) {
    assert.deepEqual(await readdir(join(folder, ".jobs", part)), [], part);
  }
});
