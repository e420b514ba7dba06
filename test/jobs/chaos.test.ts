/**
 * Two services, two workers, jobs, and a hand that kills processes of jobs, services, workers and Redis and cuts the object
 * store off, drawn from a seed. Whatever it does, each job that was accepted ends once, and what is published is whole.
 * CHAOS_SEED runs a seed again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { verifyModels } from "../../src/registry/inventory.js";
import { randomNumbers } from "../walls/simulated-time.js";
import { CHAOS_KINDS } from "./chaos-setups.js";
import { type JobAnswer, type JobServer, logged, QUICK, type WorkerProcess } from "./job-service.js";

const JOBS = 5;
const BLOWS = 5;
/** Orders come within this time of the start. */
const ORDERS_MS = 3000;
const LONGEST_PAUSE_MS = 1500;
/** The first service runs jobs too, the second one takes orders alone. */
const SERVICES = [{ RESIDUA_MAX_JOBS: "1" }, { RESIDUA_MAX_JOBS: "0" }];
/**
 * On an idle machine it takes half a minute, most of it until the jobs of those who were killed are taken up. On a busy one it
 * takes a few, since each process that is started anew needs seconds until it is ready.
 */
const TIMEOUT_MS = 10 * 60_000;

/** Kills the process of the last job that a service or worker has begun. */
function killJob(one: { log(): string }): void {
  const pid = Number(logged(one, "the job's process runs").at(-1)?.["child"]);
  try {
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/**
 * Orders a job, again and again while the service or Redis is away. @returns the job's id.
 * @param signal aborted when the test is over: one that failed must not go on ordering of a service that is no more.
 */
async function ordered(service: () => JobServer, seed: number, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const key = { "idempotency-key": `job-${seed}` };
    const order = await service()
      .order("pump", `${QUICK}&seed=${seed}`, undefined, key)
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => undefined);
    if (order?.status === 202) return (JSON.parse(order.text) as JobAnswer).id;
    if (order !== undefined) assert.equal(order.status, 503, order.text);
    await delay(50);
  }
}

/** What is left of jobs. An upload that was broken off when its service was killed is kept for a while, and is no job's. */
function withoutUploads(left: string[], ids: readonly string[]): string[] {
  const isUpload = (name: string): boolean =>
    /^(?:\{residua\}:data:)?[0-9a-z]{24}$/.test(name) && !ids.includes(name.slice(-24));
  const ofJobs = left.filter((name) => !isUpload(name));
  // Redis counts the bytes of uploads and jobs in one place.
  return ofJobs.length === left.length ? left : ofJobs.filter((name) => name !== "{residua}:sizes");
}

/** That a job has ended well; or else that whoever was killed was killed too often. */
function checkEnd({ state, version, problem }: JobAnswer): void {
  assert.ok(state === "done" || state === "failed", state);
  assert.equal(version !== null, state === "done");
  if (state === "failed") assert.match(problem?.detail ?? "", /ended 3 times without a result/);
}

for (const kind of CHAOS_KINDS) {
  test(`${kind.name}: whoever is killed at random, each job ends once and each version is whole`, {
    skip: kind.skip,
    timeout: TIMEOUT_MS,
  }, async (t) => {
    const seed = Number(process.env["CHAOS_SEED"] ?? 1);
    t.diagnostic(`CHAOS_SEED=${seed}`);
    const random = randomNumbers(seed);
    const { place, machines, blows, models, calm } = await kind.prepare(t, randomNumbers(seed + 1));
    const start = (at: number): Promise<JobServer> => place.serve({ ...SERVICES[at], ...machines[at] });
    const employ = (at: number): WorkerProcess => place.worker(machines[SERVICES.length + at]);
    const services = await Promise.all([start(0), start(1)]);
    const workers = [employ(0), employ(1)];
    const orders = Array.from({ length: JOBS }, async (_, index) => {
      await delay(random() * ORDERS_MS);
      return ordered(() => services[index % 2]!, index, t.signal);
    });
    const all = Promise.all(orders);
    // Where a blow fails, the test is over before anybody waits for the orders.
    all.catch(() => undefined);
    for (let blow = 0; blow < BLOWS; blow++) {
      await delay(random() * LONGEST_PAUSE_MS);
      const victim = random() < 0.5 ? 0 : 1;
      const signal = random() < 0.6 ? "SIGKILL" : "SIGTERM";
      const target = random();
      const server = blows[Math.floor(random() * blows.length)];
      if (target < 0.3) killJob([...workers, services[0]!][Math.floor(random() * 3)]!);
      else if (target < 0.6) {
        await workers[victim]!.end(signal);
        workers[victim] = employ(victim);
      } else if (target < 0.8 || server === undefined) {
        await services[victim]!.server.end(signal);
        services[victim] = await start(victim);
      } else await server();
    }
    const ids = await all;
    // With its key, an order that is repeated is the same job.
    assert.equal(await ordered(() => services[1]!, 0, t.signal), ids[0]);
    calm();
    const jobs = await Promise.all(ids.map((id, index) => services[index % 2]!.ended(id)));
    for (const job of jobs) checkEnd(job);
    for (const service of services) {
      const listed = (await (await service.fetch("/v1/jobs")).json()) as { readonly jobs: JobAnswer[] };
      assert.deepEqual(new Set(listed.jobs.map(({ id }) => id)), new Set(ids));
      assert.deepEqual(await Promise.all(ids.map((id) => service.job(id))), jobs);
    }
    const versions = jobs.flatMap(({ version }) => version ?? []).sort();
    const published = (await models.list()).flatMap((model) => model.versions);
    assert.deepEqual(versions, published.sort());
    for (const { id, version } of jobs)
      assert.equal(await models.publishedBy("pump", id), version ?? undefined);
    const engine = await createWasmEngine({ threads: 1 });
    t.after(() => engine.close());
    for await (const { version, ok, reason } of verifyModels(models, engine))
      assert.ok(ok, `${version}: ${reason}`);
    // The folder of a worker that was killed while it tidied up is removed by another one, every half a minute.
    assert.deepEqual(await place.leftovers((left) => withoutUploads(left, ids)), []);
  });
}
