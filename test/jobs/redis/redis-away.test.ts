/** Redis goes away and comes back: scoring goes on, nothing that was accepted is lost. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { repository } from "../../server-process.js";
import { ENDLESS, JobPlace, type JobServer, logged, once, QUICK, serve } from "../job-service.js";
import { RedisServer, withoutRedis } from "../redis-server.js";
import { REDIS, type StoreKind } from "../store-kinds.js";

const options = { skip: withoutRedis };
const ORDERS_ONLY = { RESIDUA_MAX_JOBS: "0" };

/** The kind of store on a given server. */
function on(redis: RedisServer): StoreKind {
  return { ...REDIS, settings: async () => ({ RESIDUA_REDIS_URL: redis.url }) };
}

async function isRefused(service: JobServer): Promise<void> {
  for (const response of [
    await service.fetch("/v1/jobs"),
    await service.fetch("/v1/jobs/00mwxotm7m9ua7rpcy8c5qbv"),
    await service.fetch("/v1/jobs/00mwxotm7m9ua7rpcy8c5qbv", { method: "DELETE" }),
    await service.order("pump", QUICK),
  ]) {
    const problem = (await response.json()) as { code: string };
    assert.deepEqual([response.status, problem.code], [503, "JOBS_UNAVAILABLE"]);
    assert.ok(Number(response.headers.get("retry-after")) > 0);
  }
}

async function scores(service: JobServer, model: string, row: readonly number[]): Promise<number> {
  const response = await service.fetch(`/v1/models/${model}/score`, {
    method: "POST",
    body: JSON.stringify({ series: Array.from({ length: 40 }, () => row) }),
    headers: { "content-type": "application/json" },
  });
  await response.arrayBuffer();
  return response.status;
}

test(
  "while Redis is away, jobs are refused for now and scoring goes on; a job that runs goes on too",
  options,
  async (t) => {
    const redis = await RedisServer.start(t);
    const place = await JobPlace.make(t, on(redis));
    const service = await place.serve(ORDERS_ONLY);
    const worker = place.worker();
    const first = await service.accepted("pump", QUICK);
    await service.ended(first);
    const running = await service.accepted("pump", QUICK.replace("epochs=3", "seed=2&epochs=600&patience=0"));
    const waiting = await service.accepted("pump", `${QUICK}&seed=3`);
    await service.until(running, ({ progress }) => progress !== null);
    const events = await service.fetch(`/v1/jobs/${running}/events`);

    await redis.kill();
    await once(worker, "the lease of a job could not be renewed");
    await isRefused(service);
    assert.equal(await scores(service, "pump", [0.1, 0.2]), 200);
    assert.equal((await fetch(`${service.server.url}/readyz`)).status, 200);
    await redis.start();

    const jobs = [await service.ended(running), await service.ended(waiting)];
    assert.deepEqual(
      jobs.map(({ state, version }) => [state, version]),
      [
        ["done", "2"],
        ["done", "3"],
      ],
      worker.log(),
    );
    // It was not begun anew, and whoever watched it has seen its end.
    assert.equal(logged(worker, "the job begins").length, 3);
    assert.match(await events.text(), /"state":"done".*"version":"2"/);
    assert.equal((await service.job(running)).progress?.epoch, jobs[0]!.progress!.epoch);
    // More than once where it was asked while it still read what it had kept.
    assert.ok(logged(service, "Redis answers again").length >= 1);
    assert.deepEqual(await place.leftovers(), []);
  },
);

test("a Redis that hangs is as one that is away", options, async (t) => {
  const redis = await RedisServer.start(t);
  const place = await JobPlace.make(t, on(redis));
  const service = await place.serve(ORDERS_ONLY);
  const worker = place.worker();
  const id = await service.accepted("pump", ENDLESS);
  await service.until(id, ({ progress }) => progress !== null);
  const goOn = redis.freeze();
  t.after(goOn);
  await isRefused(service);
  goOn();
  while ((await service.fetch("/v1/jobs")).status !== 200) await delay(50);
  // The worker has come back in time: the job is still its own.
  assert.equal((await service.job(id)).state, "running");
  await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
  assert.equal((await service.ended(id)).state, "cancelled");
  assert.equal(logged(worker, "the job begins").length, 1);
  // Nor does it keep anybody from ending.
  redis.freeze();
  assert.deepEqual(await Promise.all([service.server.end("SIGTERM"), worker.end("SIGTERM")]), [0, 0]);
});

test("a wrong password is said in the log, and is not in it", options, async (t) => {
  const redis = await RedisServer.start(t);
  await redis.command("CONFIG", "SET", "requirepass", "the-right-one");
  const url = redis.url.replace("//", "//:a-wrong-secret@");
  const service = await serve(t, join(repository, "models"), { RESIDUA_REDIS_URL: url, ...ORDERS_ONLY });
  await isRefused(service);
  const said = await once(
    service,
    "Redis (RESIDUA_REDIS_URL) does not answer: jobs wait for it, scoring does not",
  );
  assert.match(String(said["reason"]), /WRONGPASS/);
  assert.doesNotMatch(service.log(), /a-wrong-secret/);
});

test("a service starts while Redis is away, and takes orders once it is there", options, async (t) => {
  const redis = await RedisServer.start(t);
  await redis.kill();
  const service = await serve(t, join(repository, "models"), {
    RESIDUA_REDIS_URL: redis.url,
    ...ORDERS_ONLY,
  });
  await isRefused(service);
  assert.equal(await scores(service, "ramp-reconstruction", [0.5]), 200);
  await redis.start();
  for (;;) {
    const response = await service.order("pump", QUICK);
    if (response.status === 202) break;
    assert.equal(response.status, 503, await response.text());
    await delay(50);
  }
  // Orders and data are in Redis: a service that runs no jobs writes nothing to the folder of models.
  assert.ok(!existsSync(join(repository, "models", ".jobs")));
  assert.equal(await service.server.end("SIGTERM"), 0);
});

test("what keeps Redis from keeping jobs is said in the log", options, async (t) => {
  const redis = await RedisServer.start(t, ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]);
  const service = await serve(t, join(repository, "models"), {
    RESIDUA_REDIS_URL: redis.url,
    ...ORDERS_ONLY,
  });
  await service.fetch("/v1/jobs");
  await once(service, "Redis drops jobs when its memory is full: set its maxmemory-policy to noeviction");
  await once(
    service,
    "Redis keeps jobs in memory alone, and loses them when it ends: set its appendonly to yes",
  );
});
