/** Whoever is killed, a job ends once, and becomes one version. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ENDLESS, type JobAnswer, JobPlace, logged, once, QUICK } from "./job-service.js";
import { KINDS } from "./store-kinds.js";

/** The processes that a service or worker has started for a job, by their ids. */
async function processesOf(service: { log(): string }, id: string, count: number): Promise<number[]> {
  for (;;) {
    const found = logged(service, "the job's process runs").filter(({ job }) => job === id);
    if (found.length >= count) return found.map(({ child }) => Number(child));
    await delay(20);
  }
}

async function versionsOf(folder: string, model: string): Promise<string[]> {
  return (await readdir(join(folder, model)).catch(() => [])).filter((name) => /^\d+$/.test(name)).sort();
}

for (const kind of KINDS) {
  const options = { skip: kind.skip };

  test(
    `${kind.name}: a job whose process is killed is begun again; after three times it fails`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const service = await place.serve();
      const id = await service.accepted("pump", QUICK);
      process.kill((await processesOf(service, id, 1))[0]!, "SIGKILL");
      const job = await service.ended(id);
      assert.deepEqual([job.state, job.version], ["done", "1"], JSON.stringify(job.problem));
      assert.equal(logged(service, "the job's process died; the job is taken up again").length, 1);

      const doomed = await service.accepted("pump", ENDLESS);
      for (const count of [1, 2, 3])
        process.kill((await processesOf(service, doomed, count))[count - 1]!, "SIGKILL");
      const failed = await service.ended(doomed);
      assert.deepEqual([failed.state, failed.problem?.code], ["failed", "INTERNAL"]);
      assert.match(failed.problem?.detail ?? "", /ended 3 times without a result/);
      assert.deepEqual(await versionsOf(place.models, "pump"), ["1"]);
    },
  );

  test(
    `${kind.name}: a service that is killed leaves its job to the next one; one that ends gives it back at once`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const first = await place.serve();
      const id = await first.accepted("pump", ENDLESS);
      const [pid] = await processesOf(first, id, 1);
      await first.server.end("SIGKILL");
      const second = await place.serve();
      await processesOf(second, id, 1);
      await second.until(id, ({ progress }) => progress !== null);
      // It had nobody to tell any more.
      assert.throws(() => process.kill(pid!, 0), { code: "ESRCH" });

      assert.equal(await second.server.end("SIGTERM"), 0);
      const third = await place.serve();
      await processesOf(third, id, 1);
      // It would be the third attempt, had it been taken from a worker whose lease ran out.
      assert.equal(logged(third, "the job begins")[0]?.["attempt"], 2);
      const stopped = await third.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
      assert.equal(((await stopped.json()) as JobAnswer).state, "cancelled");
      assert.deepEqual(await place.leftovers(), []);
    },
  );

  test(
    `${kind.name}: a worker that hangs while its process publishes has lost the job, which becomes one version`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const service = await place.serve({ RESIDUA_MAX_JOBS: "0" });
      const hanging = place.worker();
      const id = await service.accepted("pump", QUICK);
      await processesOf(hanging, id, 1);
      hanging.pause();
      while ((await versionsOf(place.models, "pump")).length === 0) await delay(50);
      assert.equal((await service.job(id)).state, "running");
      const next = place.worker();
      const job = await service.ended(id);
      assert.deepEqual([job.state, job.version], ["done", "1"], next.log());
      hanging.goOn();
      await once(hanging, "another worker has taken the job");
      assert.deepEqual(await versionsOf(place.models, "pump"), ["1"]);
      assert.equal((await service.job(id)).endedAt, job.endedAt);
      assert.deepEqual(await place.leftovers(), []);
    },
  );

  test(
    `${kind.name}: two services on one folder: each job runs once, and either can stop what the other runs`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const services = await Promise.all([place.serve(), place.serve()]);
      const [one, two] = services;
      const ids = await Promise.all(
        [1, 2, 3, 4].map((seed) => one.accepted("pump", `${QUICK}&seed=${seed}`)),
      );
      const jobs = await Promise.all(ids.map((id) => two.ended(id)));
      assert.deepEqual(
        jobs.map(({ state }) => state),
        ["done", "done", "done", "done"],
      );
      assert.deepEqual(jobs.map(({ version }) => version).sort(), ["1", "2", "3", "4"]);
      assert.deepEqual(await versionsOf(place.models, "pump"), ["1", "2", "3", "4"]);
      assert.equal(services.flatMap((service) => logged(service, "the job begins")).length, 4);

      const id = await one.accepted("pump", ENDLESS);
      await one.until(id, ({ state }) => state === "running");
      for (const service of services) {
        await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
      }
      assert.equal((await two.ended(id)).state, "cancelled");
    },
  );
}
