/** Who gets a job, and when it is taken up again: the files alone, without processes. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileClaim } from "../../../src/jobs/files/file-claim.js";
import { FileJobs } from "../../../src/jobs/files/file-jobs.js";
import { FileKeys } from "../../../src/jobs/files/file-keys.js";
import { JobFolder, notesFile, type Place } from "../../../src/jobs/files/job-folder.js";
import { LeaseWatch } from "../../../src/jobs/files/lease-watch.js";
import { changesOf, type JobEnd, jobAfter } from "../../../src/jobs/job.js";
import { JobQueue } from "../../../src/jobs/job-queue.js";

const DONE: JobEnd = { state: "done", endedAt: "2024-01-01T00:00:00.000Z", version: "1", failure: null };

async function queueOf(t: TestContext) {
  const models = await mkdtemp(join(tmpdir(), "residua-jobs-"));
  t.after(() => rm(models, { recursive: true, force: true }));
  const jobs = new JobFolder(models);
  const queue = new JobQueue(new FileJobs(jobs, 10), 100);
  const submit = (key?: string) =>
    queue.submit(
      { kind: "train", model: "pump", options: {}, form: "table", key, expectedBytes: 4 },
      (async function* () {
        yield Buffer.from("a\n1\n");
      })(),
    );
  return { models, jobs, queue, submit };
}

async function only(jobs: JobFolder, phase: Place["phase"]): Promise<Place> {
  const [place, ...more] = await jobs.list(phase);
  assert.ok(place !== undefined && more.length === 0);
  return place;
}

test("of many workers that want one job, one gets it", async (t) => {
  const { jobs, submit } = await queueOf(t);
  const { id } = await submit();
  const place = await only(jobs, "queued");
  const claims = await Promise.all(Array.from({ length: 20 }, () => FileClaim.take(jobs, place)));
  const got = claims.filter((claim) => claim !== undefined);
  assert.equal(got.length, 1);
  assert.deepEqual([got[0]!.order.id, got[0]!.attempt], [id, 1]);
});

test("a worker that was silent has lost its job: it notes, ends and publishes nothing any more", async (t) => {
  const { jobs, queue, submit } = await queueOf(t);
  const { id } = await submit();
  const slow = (await FileClaim.take(jobs, await only(jobs, "queued")))!;
  assert.ok(await slow.note({ type: "started", at: "2024-01-01T00:00:00.000Z" }));
  const next = (await FileClaim.take(jobs, await only(jobs, "running")))!;
  assert.equal(next.attempt, 2);
  assert.equal(await slow.beat(), "lost");
  assert.equal(await slow.note({ type: "warning", sentence: "late" }), false);
  assert.equal(await slow.end(DONE), false);
  await assert.rejects(stat(slow.staging));
  await slow.giveBack(true);
  assert.ok(await next.end(DONE));
  const job = jobAfter(await queue.read(id));
  assert.deepEqual([job.state, job.version, job.warnings], ["done", "1", []]);
  await assert.rejects(stat(join(jobs.path("ended"), id, "data")));
});

test("how a job ended is decided by the first who writes it", async (t) => {
  const { jobs, queue, submit } = await queueOf(t);
  const { id } = await submit();
  await queue.cancel(id);
  assert.equal(jobAfter(await queue.read(id)).state, "cancelled");
  await queue.cancel(id);
  const { id: other } = await submit();
  const claim = (await FileClaim.take(jobs, await only(jobs, "queued")))!;
  await queue.cancel(other);
  assert.equal(await claim.beat(), "cancelled");
  assert.equal(jobAfter(await queue.read(other)).state, "running");
  // The worker died after it had written the end, and before the job was moved.
  const died = (await FileClaim.take(jobs, await only(jobs, "running")))!;
  await jobs.end({ ...(await only(jobs, "running")), phase: "running" }, DONE);
  assert.equal(jobAfter(await queue.read(other)).state, "done");
  assert.equal(await died.beat(), "lost");
});

test("a job whose end cannot be read counts as failed, and the others are listed beside it", async (t) => {
  const { jobs, queue, submit } = await queueOf(t);
  const { id } = await submit();
  await queue.cancel(id);
  const { id: other } = await submit();
  await writeFile(join((await only(jobs, "ended")).folder, "ended.json"), '{"state":"do');
  const listed = await queue.list();
  assert.deepEqual(
    listed.map((job) => [job.id, job.state]).sort(),
    [
      [id, "failed"],
      [other, "queued"],
    ].sort(),
  );
  assert.equal(listed.find((job) => job.id === id)!.failure!.code, "INTERNAL");
});

test("a job that has moved since it was seen is found where it is, and a listing looks for none that has not", async (t) => {
  const { jobs, submit } = await queueOf(t);
  const { id } = await submit();
  const seen = await only(jobs, "queued");
  await FileClaim.take(jobs, seen);
  const record = await jobs.read(id, seen);
  assert.deepEqual([record?.order.id, record?.isWaiting], [id, false]);
  let looks = 0;
  class CountingFolder extends JobFolder {
    override find(wanted: string) {
      looks++;
      return super.find(wanted);
    }
  }
  for (let index = 0; index < 5; index++) await submit();
  const listed = await new FileJobs(new CountingFolder(join(jobs.path("queued"), "..", "..")), 10).list(10);
  assert.deepEqual([listed.length, looks], [6, 0]);
});

test("a key whose file cannot be read is free", async (t) => {
  const { jobs, submit } = await queueOf(t);
  const first = await submit("key");
  for (const text of ["", '{"id":"', '{"id":1,"hash":"x","atMs":0}', "null"]) {
    const keys = await readdir(jobs.path("keys"));
    assert.equal(keys.length, 1);
    await writeFile(join(jobs.path("keys"), keys[0]!), text);
    const next = await submit("key");
    assert.notEqual(next.id, first.id);
    assert.equal((await submit("key")).id, next.id);
  }
});

test("a job that is given back waits again, and an attempt leaves nothing to the next one", async (t) => {
  const { jobs, queue, submit } = await queueOf(t);
  const { id } = await submit();
  const first = (await FileClaim.take(jobs, await only(jobs, "queued")))!;
  await first.note({ type: "started", at: "2024-01-01T00:00:00.000Z" });
  await first.note({ type: "warning", sentence: "of the first" });
  await first.giveBack(true);
  assert.equal(jobAfter(await queue.read(id)).state, "queued");
  const second = (await FileClaim.take(jobs, await only(jobs, "queued")))!;
  assert.equal(second.attempt, 2);
  await second.note({ type: "started", at: "2024-01-02T00:00:00.000Z" });
  // A note that was cut off.
  await appendFile(join((await only(jobs, "running")).folder, notesFile(2)), '{"type":"warn');
  const record = await queue.read(id);
  assert.equal(changesOf(record), 4);
  const job = jobAfter(record);
  assert.deepEqual([job.state, job.startedAt, job.warnings], ["running", "2024-01-02T00:00:00.000Z", []]);
  assert.deepEqual(jobAfter(record, 3).warnings, ["of the first"]);
  assert.equal(jobAfter(record, 1).state, "queued");
});

test("a lease is over when it has not changed for its time on the watcher's own clock", async (t) => {
  const { jobs, submit } = await queueOf(t);
  await submit();
  const claim = (await FileClaim.take(jobs, await only(jobs, "queued")))!;
  let nowMs = 0;
  const watch = new LeaseWatch(1000, () => nowMs);
  const silent = async () => (await watch.silent(await jobs.list("running"))).length;
  assert.equal(await silent(), 0);
  nowMs = 900;
  assert.equal(await silent(), 0);
  await claim.beat();
  nowMs = 1800;
  assert.equal(await silent(), 0);
  nowMs = 2799;
  assert.equal(await silent(), 0);
  nowMs = 2800;
  assert.equal(await silent(), 1);
});

test("what is damaged of one job costs the others nothing", async (t) => {
  const { jobs, queue, submit } = await queueOf(t);
  const { id } = await submit();
  await queue.cancel(id);
  await writeFile(join((await only(jobs, "ended")).folder, "ended.json"), '{"state":"do');
  const { id: other } = await submit();
  const listed = await queue.list();
  assert.deepEqual(
    listed.map((job) => [job.id, job.state, job.failure?.code]),
    [
      [other, "queued", undefined],
      [id, "failed", "INTERNAL"],
    ],
  );
});

test("a key that is damaged stands for no job, and can be taken anew", async (t) => {
  const { jobs } = await queueOf(t);
  await jobs.prepare();
  const keys = new FileKeys(jobs);
  const use = { key: "pump-1", hash: "0a" };
  assert.equal(await keys.take(use, "first"), "first");
  assert.equal(await keys.isTaken("pump-1"), true);
  const [name] = await readdir(jobs.path("keys"));
  await writeFile(join(jobs.path("keys"), name!), "");
  assert.equal(await keys.isTaken("pump-1"), false);
  assert.equal(await keys.take(use, "second"), "second");
});
