/** What is refused before a job is accepted, and the limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { startServer } from "../server-process.js";
import { DATA, ENDLESS, type JobAnswer, JobPlace, modelsFolder, QUICK } from "./job-service.js";
import { KINDS } from "./store-kinds.js";

interface Problem {
  readonly code: string;
  readonly detail: string;
}

for (const kind of KINDS) {
  const options = { skip: kind.skip };

  test(`${kind.name}: wrong orders are refused before anything is stored`, options, async (t) => {
    const place = await JobPlace.make(t, kind);
    const service = await place.serve({ RESIDUA_JOB_BODY_LIMIT_BYTES: "50000" });
    const refused = async (status: number, code: string, detail: RegExp, response: Promise<Response>) => {
      const answer = await response;
      const problem = (await answer.json()) as Problem;
      assert.deepEqual([answer.status, problem.code], [status, code], problem.detail);
      assert.match(problem.detail, detail);
    };
    await refused(
      400,
      "INVALID_REQUEST",
      /^The option epocs is no option here; there are family, /,
      service.order("pump", "epocs=3"),
    );
    for (const name of ["falseAlarms", "false_alarms"]) {
      const detail = /, seed; it is written false-alarms\.$/;
      await refused(400, "INVALID_REQUEST", detail, service.order("pump", `${name}=1/week`));
    }
    await refused(
      400,
      "INVALID_REQUEST",
      /^The option epochs cannot be "0"\. It has to be a whole number/,
      service.order("pump", "epochs=0"),
    );
    await refused(
      400,
      "INVALID_REQUEST",
      /^The option seed occurs twice/,
      service.order("pump", "seed=1&seed=2"),
    );
    await refused(
      400,
      "INVALID_REQUEST",
      /^`folds` and `calibration` are two ways/,
      service.order("pump", "folds=2&calibration=0.2"),
    );
    await refused(
      400,
      "INVALID_REQUEST",
      /^The option quiet is no option/,
      service.order("pump", "quiet=true"),
    );
    await refused(
      400,
      "INVALID_REQUEST",
      /^The option each is one of the command line alone: a job trains one model; send the rows of each group/,
      service.order("pump", "each=machine"),
    );
    await refused(400, "INVALID_REQUEST", /"Pump" cannot be the name of a model/, service.order("Pump", ""));
    await refused(
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      /text\/csv, .*"image\/png"\.$/,
      service.order("pump", "", DATA, { "content-type": "image/png" }),
    );
    await refused(
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      /not "multipart\/form-data; .*"\. Send the file itself as the body/,
      service.order("pump", "", DATA, { "content-type": "multipart/form-data; boundary=x" }),
    );
    await refused(422, "INVALID_DATA", /^The body is empty/, service.order("pump", "", ""));
    await refused(413, "BODY_TOO_LARGE", /50000 bytes/, service.order("pump", "", "x".repeat(50_001)));
    const bomb = gzipSync("1,2\n".repeat(50_000));
    await refused(
      413,
      "BODY_TOO_LARGE",
      /50000 bytes/,
      service.fetch("/v1/models/pump/versions", {
        method: "POST",
        body: bomb,
        headers: { "content-type": "text/csv", "content-encoding": "gzip" },
      }),
    );
    await refused(
      400,
      "INVALID_REQUEST",
      /Content-Encoding, gzip/,
      service.order("pump", "", DATA, { "content-encoding": "gzip" }),
    );
    await refused(
      401,
      "UNAUTHORIZED",
      /admin token/,
      service.order("pump", "", DATA, { authorization: "Bearer nope" }),
    );
    await refused(
      404,
      "JOB_NOT_FOUND",
      /There is no job of this id.* lists them\.$/,
      service.fetch("/v1/jobs/nope"),
    );
    await refused(404, "JOB_NOT_FOUND", /There is no job/, service.fetch("/v1/jobs/nope/events"));
    assert.deepEqual(await place.leftovers(), []);
    assert.deepEqual(await (await service.fetch("/v1/jobs")).json(), { jobs: [] });
  });

  test(
    `${kind.name}: so many jobs may wait, the rows and the time of each are limited, and a job that waits or runs can be stopped`,
    options,
    async (t) => {
      const service = await (await JobPlace.make(t, kind)).serve({
        RESIDUA_MAX_QUEUED_JOBS: "1",
        RESIDUA_JOB_MAX_ROWS: "400",
        RESIDUA_JOB_MAX_SECONDS: "600",
      });
      const running = await service.accepted("pump", ENDLESS);
      await service.until(running, ({ progress }) => progress !== null);
      const waiting = await service.accepted("pump", QUICK);
      const refused = await service.order("pump", QUICK);
      assert.equal(refused.status, 429);
      assert.equal(((await refused.json()) as Problem).code, "TOO_MANY_JOBS");
      assert.ok(Number(refused.headers.get("retry-after")) > 0);

      for (const id of [waiting, running]) {
        const stopped = await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
        assert.equal(stopped.status, 200, await stopped.clone().text());
        assert.equal(((await stopped.json()) as JobAnswer).state, "cancelled");
      }
      assert.equal((await service.fetch("/v1/models/pump")).status, 404);

      const rows = await service.ended(
        await service.accepted("pump", QUICK, `${DATA}2030-01-01T00:00:00Z;1;1\n`),
      );
      assert.deepEqual([rows.state, rows.problem?.code], ["failed", "INVALID_DATA"]);
      assert.match(rows.problem?.detail ?? "", /401 rows; a job takes up to 400/);
    },
  );

  test(`${kind.name}: a job that takes too long fails`, options, async (t) => {
    const service = await (await JobPlace.make(t, kind)).serve({ RESIDUA_JOB_MAX_SECONDS: "2" });
    const job = await service.ended(await service.accepted("pump", ENDLESS));
    assert.deepEqual([job.state, job.problem?.code], ["failed", "DEADLINE_EXCEEDED"]);
  });

  test(`${kind.name}: an Idempotency-Key stands for one job`, options, async (t) => {
    const service = await (await JobPlace.make(t, kind)).serve();
    const key = { "idempotency-key": "pump-1" };
    const ids = await Promise.all([1, 2, 3].map(() => service.accepted("pump", QUICK, DATA, key)));
    assert.equal(new Set(ids).size, 1);
    const job = await service.ended(ids[0]!);
    assert.equal(job.state, "done", JSON.stringify(job.problem));
    assert.equal(await service.accepted("pump", QUICK, DATA, key), ids[0]);
    for (const other of [
      service.order("pump", QUICK, `${DATA}\n`, key),
      service.order("pump", `${QUICK}&seed=2`, DATA, key),
      service.order("other", QUICK, DATA, key),
    ]) {
      const response = await other;
      assert.equal(response.status, 409);
      assert.equal(((await response.json()) as Problem).code, "CONFLICT");
    }
    const { jobs } = (await (await service.fetch("/v1/jobs")).json()) as { jobs: JobAnswer[] };
    assert.equal(jobs.length, 1);
  });
}

test("without an admin token there are no jobs", async (t) => {
  const server = await startServer({ RESIDUA_MODELS: await modelsFolder(t), RESIDUA_THREADS: "1" });
  t.after(() => server.end("SIGKILL"));
  const headers = { "content-type": "text/csv" };
  const ordered = await fetch(`${server.url}/v1/models/pump/versions`, {
    method: "POST",
    body: DATA,
    headers,
  });
  assert.equal(ordered.status, 404);
  assert.equal((await fetch(`${server.url}/v1/jobs`)).status, 404);
});
