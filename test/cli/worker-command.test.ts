/** `residua worker` beside services that take orders and run none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDLESS, JobPlace, logged, once, QUICK } from "../jobs/job-service.js";
import { KINDS } from "../jobs/store-kinds.js";
import { createWorkplace } from "./residua-process.js";

const ORDERS_ONLY = { RESIDUA_MAX_JOBS: "0", RESIDUA_POLL_SECONDS: "0" };

for (const kind of KINDS) {
  const options = { skip: kind.skip };

  test(
    `${kind.name}: a service takes an order, a worker trains, and the service scores`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const service = await place.serve(ORDERS_ONLY);
      const id = await service.accepted("pump", QUICK);
      const worker = place.worker();
      const events = await (await service.fetch(`/v1/jobs/${id}/events`)).text();
      assert.match(events, /"state":"done".*"version":"1"/, worker.log());
      // The service finds the version when it is asked about the job, though it does not poll.
      const scored = await service.fetch("/v1/models/pump/score", {
        method: "POST",
        body: JSON.stringify({ series: Array.from({ length: 20 }, (_, row) => [row / 20, 0]) }),
        headers: { "content-type": "application/json" },
      });
      assert.equal(scored.status, 200, await scored.text());
      assert.equal(logged(worker, "the job begins").length, 1);
      assert.deepEqual(logged(service, "the job begins"), []);
      assert.deepEqual(await place.leftovers(), []);
    },
  );

  test(
    `${kind.name}: a worker that ends gives its job back; a service stops it on another`,
    options,
    async (t) => {
      const place = await JobPlace.make(t, kind);
      const service = await place.serve(ORDERS_ONLY);
      const first = place.worker();
      const id = await service.accepted("pump", ENDLESS);
      await service.until(id, ({ progress }) => progress !== null);
      assert.equal(await first.end("SIGTERM"), 0, first.log());
      assert.equal((await service.job(id)).state, "queued");
      const second = place.worker();
      // One that was given back does not count.
      assert.equal((await once(second, "the job begins"))["attempt"], 1);
      await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
      assert.equal((await service.ended(id)).state, "cancelled");
      await once(second, "the job has ended");
      assert.deepEqual(await place.leftovers(), []);
    },
  );
}

test("a worker that may run no jobs, or has a wrong address of Redis, does not start", async (t) => {
  const place = await createWorkplace(t);
  const idle = await place.residua(["worker"], { env: { RESIDUA_MAX_JOBS: "0" } });
  assert.deepEqual(
    [idle.status, idle.err],
    [
      1,
      "RESIDUA_MAX_JOBS has to be 1 or more for a worker, not 0: it would run no job. With 0, a service leaves its jobs to workers.\n",
    ],
  );
  const lost = await place.residua(["worker"], { env: { RESIDUA_REDIS_URL: "host:secret" } });
  assert.equal(lost.status, 1);
  assert.match(lost.err, /^RESIDUA_REDIS_URL has to be an address such as/);
  assert.doesNotMatch(lost.err, /secret/);
});
