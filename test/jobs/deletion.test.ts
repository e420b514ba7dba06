/** Versions are deleted by request and on the command line, and their numbers are not given again. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWorkplace } from "../cli/residua-process.js";
import { DATA, ENDLESS, type JobAnswer, modelsFolder, QUICK, serve } from "./job-service.js";

interface Problem {
  readonly code: string;
  readonly detail: string;
}

test("a version that nothing needs goes, and its number with it", async (t) => {
  const folder = await modelsFolder(t);
  const service = await serve(t, folder, { RESIDUA_POLL_SECONDS: "0" });
  const train = async () => {
    const job = await service.ended(await service.accepted("pump", QUICK));
    return job.version;
  };
  const remove = (version: string) =>
    service.fetch(`/v1/models/pump/versions/${version}`, { method: "DELETE" });
  const refused = async (version: string, status: number, detail: RegExp) => {
    const response = await remove(version);
    const problem = (await response.json()) as Problem;
    assert.equal(response.status, status, problem.detail);
    assert.match(problem.detail, detail);
  };
  const statusOf = async (version: string) =>
    (await service.fetch(`/v1/models/pump/versions/${version}`)).status;
  assert.deepEqual([await train(), await train()], ["1", "2"]);
  await service.fetch("/v1/models/pump/aliases/stable", {
    method: "PUT",
    body: JSON.stringify({ version: "1" }),
    headers: { "content-type": "application/json" },
  });
  await refused("1", 409, /is what stable stands for/);
  await refused("7", 404, /has no version 7; it has 2, 1\./);

  const blocker = await service.accepted("other", ENDLESS);
  const renewal = (await (
    await service.fetch("/v1/models/pump/renewals?version=2", {
      method: "POST",
      body: DATA,
      headers: { "content-type": "text/csv" },
    })
  ).json()) as JobAnswer;
  await refused("2", 409, new RegExp(`^Job ${renewal.id} renews`));
  for (const id of [renewal.id, blocker]) await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });

  const gone = await remove("2");
  assert.equal(gone.status, 204, await gone.text());
  assert.deepEqual([await statusOf("1"), await statusOf("2")], [200, 404]);
  assert.deepEqual((await readdir(join(folder, "pump"))).sort(), [".highest-2", "1", "aliases.json"]);
  assert.equal(await train(), "3");
});

test("models delete does the same on the command line", async (t) => {
  const place = await createWorkplace(t);
  await mkdir(join(place.models, "pump", "4"), { recursive: true });
  const done = await place.residua(["models", "delete", "pump", "4"]);
  assert.deepEqual([done.status, done.out, done.err], [0, "pump 4 is deleted.\n", ""]);
  const again = await place.residua(["models", "delete", "pump", "4"]);
  assert.deepEqual([again.status, again.err], [1, 'Model "pump" has no version 4.\n']);
  assert.equal((await place.residua(["models", "delete", "pump", "x"])).status, 2);
  const data = await place.write("data.csv", DATA);
  const trained = await place.residua([
    "train",
    data,
    "--name",
    "pump",
    ...QUICK.split("&").map((option) => `--${option}`),
  ]);
  assert.match(trained.out, /pump version 5/, trained.err);
});

test("where the folder is read-only, jobs and deletions are refused with that reason", {
  skip: process.getuid?.() === 0 && "root may write everywhere",
}, async (t) => {
  const folder = await modelsFolder(t);
  await chmod(folder, 0o555);
  t.after(() => chmod(folder, 0o755));
  const service = await serve(t, folder);
  const response = await service.order("pump", QUICK);
  const problem = (await response.json()) as Problem;
  assert.deepEqual([response.status, problem.code], [409, "CONFLICT"]);
  assert.match(
    problem.detail,
    /may not write to the folder of jobs, which is in the folder of models, .*: permission denied/,
  );
});
