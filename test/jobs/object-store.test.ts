/** Two services on models in one object store: jobs, aliases, deletions, and a store that goes away. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startFaultyProxy } from "../registry/s3/faulty-proxy.js";
import { makeBucket, skip } from "../registry/s3/object-store.js";
import { type JobServer, logged, modelsFolder, QUICK, serve, WorkerProcess } from "./job-service.js";
import { RedisServer, withoutRedis } from "./redis-server.js";

/** What a service says when it starts without Redis. */
const NOT_SHARED =
  "RESIDUA_REDIS_URL is not set and models are in an object store: services and workers on other machines do not know the jobs of this one";

interface Listing {
  readonly models: readonly {
    readonly name: string;
    readonly aliases: Readonly<Record<string, string>>;
    readonly versions: readonly { readonly version: string; readonly state: string }[];
  }[];
  readonly problem: string | null;
}

async function listing(service: JobServer): Promise<Listing> {
  return (await (await service.fetch("/v1/models")).json()) as Listing;
}

/** Waits until the listing of a service is as asked. */
async function until(service: JobServer, holds: (listing: Listing) => boolean): Promise<Listing> {
  for (;;) {
    const now = await listing(service);
    if (holds(now)) return now;
    await delay(50);
  }
}

const isLive =
  (version: string) =>
  (listing: Listing): boolean =>
    listing.models[0]?.versions.find((one) => one.version === version)?.state === "live";

test("a job of one service is published for both, and they serve on while the store is away", {
  skip,
}, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const env = { RESIDUA_S3_ENDPOINT: proxy.url, RESIDUA_ENGINE: "wasm", RESIDUA_LIVE_VERSIONS: "1" };
  const start = async (): Promise<JobServer> =>
    serve(t, bucket.place, { ...env, RESIDUA_CACHE: await modelsFolder(t) });
  const [one, other] = await Promise.all([start(), start()]);
  assert.deepEqual(await listing(one), { models: [], problem: null });

  for (const version of ["1", "2"]) {
    const job = await one.ended(await one.accepted("pump", QUICK));
    assert.deepEqual([job.state, job.version], ["done", version], JSON.stringify(job.problem));
    // Without Redis, the other one does not know it, and says why.
    const unknown = await other.fetch(`/v1/jobs/${job.id}`);
    assert.equal(unknown.status, 404);
    assert.match(await unknown.text(), /RESIDUA_REDIS_URL is not set, so each replica knows only the jobs/);
  }
  for (const service of [one, other]) assert.equal(logged(service, NOT_SHARED).length, 1);
  await until(other, isLive("2"));

  // At the same moment, on both: each has its way.
  const alias = (service: JobServer, name: string, version: string): Promise<Response> =>
    service.fetch(`/v1/models/pump/aliases/${name}`, {
      method: "PUT",
      body: JSON.stringify({ version }),
      headers: { "content-type": "application/json" },
    });
  const set = await Promise.all([alias(one, "stable", "2"), alias(other, "candidate", "1")]);
  assert.deepEqual(
    set.map(({ status }) => status),
    [200, 200],
  );
  for (const service of [one, other]) {
    const { models } = await until(service, (now) => Object.keys(now.models[0]!.aliases).length === 2);
    assert.deepEqual(models[0]?.aliases, { stable: "2", candidate: "1" });
  }
  const sample = await (await one.fetch("/v1/models/pump/sample")).text();
  const score = async (service: JobServer): Promise<string> => {
    const headers = { "content-type": "application/json" };
    const answer = await service.fetch("/v1/models/pump/score", { method: "POST", body: sample, headers });
    assert.equal(answer.status, 200);
    const { model, windows } = (await answer.json()) as { model: object; windows: object[] };
    return JSON.stringify({ model, windows });
  };
  const scores = await score(one);
  assert.equal(await score(other), scores);

  proxy.fate = () => "cut";
  const { problem, models } = await until(other, (now) => now.problem !== null);
  assert.match(problem!, /^The object store cannot be read: it cannot be reached \(\w+\)\.$/);
  assert.equal(models[0]?.versions.length, 2);
  const ready = await other.fetch("/readyz");
  assert.deepEqual([ready.status, await ready.json()], [200, { status: "ready", problem }]);
  assert.match(await (await other.fetch("/metrics")).text(), /^residua_store_reachable 0$/m);
  assert.equal(await score(other), scores);
  const refused = await other.fetch("/v1/models/pump/versions/1", { method: "DELETE" });
  const { code } = (await refused.json()) as { code: string };
  assert.deepEqual([refused.status, code], [503, "STORE_UNAVAILABLE"]);
  assert.ok(refused.headers.has("retry-after"));

  proxy.fate = () => "pass";
  await until(other, (now) => now.problem === null);
  assert.match(await (await other.fetch("/metrics")).text(), /^residua_store_reachable 1$/m);
  assert.equal((await other.fetch("/v1/models/pump/versions/1", { method: "DELETE" })).status, 409);
  assert.equal((await other.fetch("/v1/models/pump/aliases/candidate", { method: "DELETE" })).status, 200);
  assert.equal((await other.fetch("/v1/models/pump/versions/1", { method: "DELETE" })).status, 204);
  await until(one, (now) => now.models[0]?.versions.length === 1);

  // A service ends in time also while the store hangs.
  proxy.fate = () => new Promise(() => undefined);
  assert.equal(await other.server.end("SIGTERM"), 0);
});

test("with Redis, a worker that shares no folder with the service trains on what was sent to it", {
  skip: skip || withoutRedis,
}, async (t) => {
  const bucket = await makeBucket();
  const env = { RESIDUA_S3_ENDPOINT: bucket.endpoint, RESIDUA_REDIS_URL: (await RedisServer.start(t)).url };
  const service = await serve(t, bucket.place, {
    ...env,
    RESIDUA_MAX_JOBS: "0",
    RESIDUA_POLL_SECONDS: "0",
    RESIDUA_CACHE: await modelsFolder(t),
  });
  const worker = new WorkerProcess(t, bucket.place, { ...env, RESIDUA_CACHE: await modelsFolder(t) });
  const job = await service.ended(await service.accepted("pump", QUICK));
  assert.deepEqual([job.state, job.version], ["done", "1"], worker.log());
  assert.ok(isLive("1")(await listing(service)));
  assert.equal(logged(service, "the job begins").length, 0);
  for (const one of [service, worker]) assert.equal(logged(one, NOT_SHARED).length, 0);
  assert.equal(await worker.end("SIGTERM"), 0);
});
