/** A job that is taken up again: what has happened already is found, and not done twice. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileJobs } from "../../src/jobs/files/file-jobs.js";
import { JobFolder } from "../../src/jobs/files/job-folder.js";
import { type JobEnd, jobAfter } from "../../src/jobs/job.js";
import { JobQueue } from "../../src/jobs/job-queue.js";
import { JobRun } from "../../src/jobs/job-run.js";
import type { JobClaim } from "../../src/jobs/job-store.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import type { ModelStore } from "../../src/registry/model-store.js";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { startFaultyProxy } from "../registry/s3/faulty-proxy.js";
import { makeBucket, openS3, skip } from "../registry/s3/object-store.js";
import { modelsFolder } from "./job-service.js";

/** Models of which it cannot be read at first what jobs have published. */
class FailingStore extends FolderStore {
  failures = 0;

  override async publishedBy(name: string, jobId: string): Promise<string | undefined> {
    if (this.failures-- > 0) throw Object.assign(new Error("i/o error"), { code: "EIO" });
    return super.publishedBy(name, jobId);
  }
}

/**
 * A renewal that is to be promoted, and has published version 2 in an attempt that told nobody.
 *
 * @param models where it has published.
 */
async function publishedRenewal<M extends ModelStore>(folder: string, models: M) {
  const jobs = new FileJobs(new JobFolder(folder), 10);
  const queue = new JobQueue(jobs, 1000);
  const { id } = await queue.submit(
    {
      kind: "renew",
      model: "pump",
      options: { promote: "stable" },
      form: "table",
      key: undefined,
      expectedBytes: undefined,
    },
    (async function* () {
      yield Buffer.from("a\n1\n");
    })(),
  );
  const contents = await makeContents(new ReferenceEngine());
  await models.publish("pump", contents);
  const staging = join(folder, "staging");
  await mkdir(staging);
  const training = { ...contents.training, job: id };
  await models.publish("pump", { ...contents, training }, { id, staging });
  const claim = await jobs.take();
  assert.ok(claim !== undefined);
  const warnings: string[] = [];
  const run = (own: JobClaim = claim, seen: ModelStore = models) =>
    new JobRun(own, {
      location: { place: folder, cacheFolder: folder, cacheBytes: 0 },
      models: seen,
      maxRows: 10,
      maxSeconds: 10,
      threads: 1,
      wideVectors: "off",
      log: { info: () => undefined, warn: (_, message) => warnings.push(message), error: () => undefined },
      againMs: 1,
      onPublished: async () => undefined,
    });
  const ended = async () => jobAfter(await queue.read(id));
  return { id, models, queue, claim, run, ended, warnings };
}

/** The same in a folder whose reads can fail. */
async function inFolder(t: TestContext) {
  const folder = await modelsFolder(t);
  return publishedRenewal(folder, new FailingStore(folder));
}

test("a version that an attempt before has published is found, and the alias that was asked for is set", async (t) => {
  const { models, run, ended, warnings } = await inFolder(t);
  models.failures = 3;
  await run().ended;
  const { state, version } = await ended();
  assert.deepEqual([state, version], ["done", "2"]);
  assert.deepEqual(Object.fromEntries(await models.readAliases("pump")), { stable: "2" });
  assert.deepEqual(warnings, ["it is not known whether the job has published; it is looked up again"]);
  assert.equal(await models.highestVersion("pump"), 2);
});

test("a job that has published is done, also where it was to be stopped after that", async (t) => {
  const { id, queue, run, ended } = await inFolder(t);
  await queue.cancel(id);
  await run().ended;
  const { state, version } = await ended();
  assert.deepEqual([state, version], ["done", "2"]);
});

test("whoever ends a worker does not wait for a store that takes no end of a job, cancelled or not", async (t) => {
  for (const why of ["cancelled", "late", undefined] as const) {
    const { claim, run } = await inFolder(t);
    const ends: JobEnd[] = [];
    let onEnd: () => void;
    const isTried = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    const refusing: JobClaim = {
      order: claim.order,
      attempt: claim.attempt,
      staging: claim.staging,
      data: () => claim.data(),
      beat: () => claim.beat(),
      note: (note) => claim.note(note),
      giveBack: (counts) => claim.giveBack(counts),
      end: async (end) => {
        ends.push(end);
        onEnd();
        throw new Error("away");
      },
    };
    const job = run(refusing);
    if (why !== undefined) job.stop(why);
    await isTried;
    job.stop("ending");
    await job.ended;
    assert.ok(ends.length > 0);
  }
});

test("what a cancelled job becomes is not said before the object store says whether it has published", {
  skip,
}, async (t) => {
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const { id, claim, queue, run, ended, warnings } = await publishedRenewal(
    await modelsFolder(t),
    await openS3(t, bucket),
  );
  await queue.cancel(id);
  proxy.fate = () => "cut";
  const job = run(claim, await openS3(t, { ...bucket, endpoint: proxy.url }));
  while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, ["it is not known whether the job has published; it is looked up again"]);
  assert.equal((await ended()).endedAt, null);
  proxy.fate = () => "pass";
  await job.ended;
  const { state, version } = await ended();
  assert.deepEqual([state, version], ["done", "2"]);
});
