/**
 * Two services, two workers, jobs, and a hand that kills processes of jobs, services, workers and Redis, drawn from a seed.
 * Whatever it does, each job ends once, and what is published is whole. CHAOS_SEED runs a seed again.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { verifyModels } from "../../src/registry/inventory.js";
import { JobPlace, type JobServer, logged, QUICK, type WorkerProcess } from "./job-service.js";
import { RedisServer } from "./redis-server.js";
import { FILES, REDIS } from "./store-kinds.js";

const JOBS = 5;
const BLOWS = 5;
/** The first service runs jobs too, the second one takes orders alone. */
const SERVICES = [{ RESIDUA_MAX_JOBS: "1" }, { RESIDUA_MAX_JOBS: "0" }];

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

/** Kills the process of the last job that a service or worker has begun. */
function killJob(one: { log(): string }): void {
  const pid = Number(logged(one, "the job's process runs").at(-1)?.["child"]);
  try {
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Orders a job, again and again while Redis is away. */
async function ordered(service: JobServer, seed: number): Promise<string> {
  for (;;) {
    const response = await service.order("pump", `${QUICK}&seed=${seed}`, undefined, {
      "idempotency-key": `job-${seed}`,
    });
    if (response.status === 202) return ((await response.json()) as { id: string }).id;
    assert.equal(response.status, 503, await response.text());
    await delay(50);
  }
}

for (const kind of [FILES, REDIS]) {
  test(`${kind.name}: whoever is killed at random, each job ends once and each version is whole`, {
    skip: kind.skip,
  }, async (t) => {
    const seed = Number(process.env["CHAOS_SEED"] ?? 1);
    t.diagnostic(`CHAOS_SEED=${seed}`);
    const random = randomFrom(seed);
    const redis = kind === REDIS ? await RedisServer.start(t) : undefined;
    const place = await JobPlace.make(
      t,
      redis === undefined ? kind : { ...kind, settings: async () => ({ RESIDUA_REDIS_URL: redis.url }) },
    );
    const services = await Promise.all(SERVICES.map((env) => place.serve(env)));
    const workers: WorkerProcess[] = [place.worker(), place.worker()];
    const ids: string[] = [];
    for (let index = 0; index < JOBS; index++) ids.push(await ordered(services[index % 2]!, index));
    for (let blow = 0; blow < BLOWS; blow++) {
      await delay(random() * 1500);
      const victim = random() < 0.5 ? 0 : 1;
      const signal = random() < 0.6 ? "SIGKILL" : "SIGTERM";
      const target = random();
      if (target < 0.3) killJob([...workers, services[0]!][Math.floor(random() * 3)]!);
      else if (target < 0.6) {
        await workers[victim]!.end(signal);
        workers[victim] = place.worker();
      } else if (target < 0.8 || redis === undefined) {
        await services[victim]!.server.end(signal);
        services[victim] = await place.serve(SERVICES[victim]!);
      } else {
        await redis.kill();
        await delay(random() * 1000);
        await redis.start();
      }
    }
    // With its key, an order that is repeated is the same job.
    assert.equal(await ordered(services[0]!, 0), ids[0]);
    const jobs = await Promise.all(ids.map((id, index) => services[index % 2]!.ended(id)));
    const states = jobs.map(({ state }) => state);
    assert.ok(
      states.every((state) => state === "done" || state === "failed"),
      states.join(),
    );
    const versions = jobs.flatMap(({ version }) => version ?? []).sort();
    assert.equal(versions.length, states.filter((state) => state === "done").length);
    const published = (await readdir(join(place.folder, "pump"))).filter((name) => /^\d+$/.test(name));
    assert.deepEqual(versions, published.sort());
    const engine = await createWasmEngine({ threads: 1 });
    t.after(() => engine.close());
    for await (const { version, ok, reason } of verifyModels(new FolderStore(place.folder), engine))
      assert.ok(ok, `${version}: ${reason}`);
    // The folder of a worker that was killed while it tidied up is removed by another one, every half a minute.
    assert.deepEqual(await place.leftovers(), []);
  });
}
