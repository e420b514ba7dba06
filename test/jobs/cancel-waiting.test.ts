/** A job that waits again after an attempt, and is then to be stopped: it may have published before it was given back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { jobAfter } from "../../src/jobs/job.js";
import { JobQueue } from "../../src/jobs/job-queue.js";
import { JobRun } from "../../src/jobs/job-run.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { modelsFolder } from "./job-service.js";
import { KINDS, type StoreKind } from "./store-kinds.js";

/** Models of which it cannot be read now what jobs have published. */
class AwayStore extends FolderStore {
  isAway = false;

  override async publishedBy(name: string, jobId: string): Promise<string | undefined> {
    if (this.isAway) throw Object.assign(new Error("i/o error"), { code: "EIO" });
    return super.publishedBy(name, jobId);
  }
}

/** A job that was begun and given back. @param publishes whether its attempt had published before that. */
async function givenBack(t: TestContext, kind: StoreKind, publishes: boolean) {
  const folder = await modelsFolder(t);
  const jobs = kind.open(t, await kind.settings(t), folder);
  const models = new AwayStore(folder);
  const queue = new JobQueue(jobs, 1000, { models });
  const { id } = await queue.submit(
    { kind: "train", model: "pump", options: {}, form: "table", key: undefined, expectedBytes: 4 },
    (async function* () {
      yield Buffer.from("a\n1\n");
    })(),
  );
  const claim = (await jobs.take())!;
  if (publishes) {
    const contents = await makeContents(new ReferenceEngine());
    const training = { ...contents.training, job: id };
    await models.publish("pump", { ...contents, training }, { id, staging: claim.staging });
  }
  await claim.giveBack(false);
  const state = async (): Promise<string> => jobAfter(await queue.read(id)).state;
  /** Runs it as the next worker does. */
  const run = async (): Promise<void> => {
    const next = await jobs.take();
    assert.ok(next !== undefined);
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    await new JobRun(next, {
      location: { place: folder, cacheFolder: join(folder, ".cache"), cacheBytes: 0 },
      models,
      maxRows: 10,
      maxSeconds: 10,
      threads: 1,
      wideVectors: "off",
      log,
      againMs: 1,
      onPublished: async () => undefined,
    }).ended;
  };
  return { id, queue, models, state, run, jobs };
}

for (const kind of KINDS) {
  const options = { skip: kind.skip };

  test(`${kind.name}: one that has published is done, and not cancelled`, options, async (t) => {
    const { id, queue, state, run } = await givenBack(t, kind, true);
    await queue.cancel(id);
    assert.equal(await state(), "queued");
    await run();
    const { state: last, version } = jobAfter(await queue.read(id));
    assert.deepEqual([last, version], ["done", "1"]);
  });

  test(`${kind.name}: one that has not is cancelled at once`, options, async (t) => {
    const { id, queue, state, jobs } = await givenBack(t, kind, false);
    await queue.cancel(id);
    assert.equal(await state(), "cancelled");
    assert.equal(await jobs.take(), undefined);
  });

  test(
    `${kind.name}: where that cannot be read, the next worker says what it becomes`,
    options,
    async (t) => {
      for (const [publishes, last] of [
        [true, "done"],
        [false, "cancelled"],
      ] as const) {
        const { id, queue, models, state, run } = await givenBack(t, kind, publishes);
        models.isAway = true;
        await queue.cancel(id);
        assert.equal(await state(), "queued");
        models.isAway = false;
        await run();
        assert.equal(await state(), last);
      }
    },
  );
}
