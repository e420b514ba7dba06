/** What every store of jobs promises: who gets a job, and what a worker that has lost one can still do. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { changesOf, type JobEnd, type JobOrder, jobAfter } from "../../src/jobs/job.js";
import { newJobId } from "../../src/jobs/job-id.js";
import { JobQueue } from "../../src/jobs/job-queue.js";
import type { JobClaim, JobStore } from "../../src/jobs/job-store.js";
import { modelsFolder } from "./job-service.js";
import { KINDS, type StoreKind } from "./store-kinds.js";

const DONE: JobEnd = { state: "done", endedAt: "2024-01-01T00:00:00.000Z", version: "1", failure: null };
const STARTED = { type: "started", at: "2024-01-01T00:00:00.000Z" } as const;
const DATA = "a\n1\n";

async function storesOf(t: TestContext, kind: StoreKind, count: number) {
  const settings = await kind.settings(t);
  const folder = await modelsFolder(t);
  const stores = Array.from({ length: count }, () => kind.open(t, settings, folder));
  const queue = new JobQueue(stores[0]!, 1_000_000);
  const submit = (key?: string, data: string | Uint8Array = DATA) =>
    queue.submit(
      { kind: "train", model: "pump", options: {}, form: "table", key, expectedBytes: data.length },
      (async function* () {
        yield Buffer.from(data as string);
      })(),
    );
  return { stores, queue, submit };
}

async function taken(store: JobStore): Promise<JobClaim> {
  const claim = await store.take();
  assert.ok(claim !== undefined);
  return claim;
}

for (const kind of KINDS) {
  const options = { skip: kind.skip };

  test(`${kind.name}: of many workers that want one job, one gets it, with its data`, options, async (t) => {
    const { stores, submit } = await storesOf(t, kind, 5);
    const data = Buffer.alloc(700_000, "0123456789abcdef\n");
    const { id } = await submit(undefined, data);
    const claims = await Promise.all(stores.flatMap((store) => [store.take(), store.take()]));
    const got = claims.filter((claim) => claim !== undefined);
    assert.equal(got.length, 1);
    assert.deepEqual([got[0]!.order.id, got[0]!.attempt], [id, 1]);
    assert.deepEqual(await readFile(await got[0]!.data()), data);
    assert.ok((await stat(got[0]!.staging)).isDirectory());
  });

  test(`${kind.name}: jobs are taken in the order in which they came`, options, async (t) => {
    const { stores, submit } = await storesOf(t, kind, 1);
    const ids = [];
    for (let index = 0; index < 3; index++) {
      ids.push((await submit()).id);
      // Ids sort by milliseconds.
      await delay(2);
    }
    const claims = [await taken(stores[0]!), await taken(stores[0]!), await taken(stores[0]!)];
    assert.deepEqual(
      claims.map(({ order }) => order.id),
      ids,
    );
    assert.equal(await stores[0]!.take(), undefined);
  });

  test(
    `${kind.name}: a job that is given back waits again, and its first worker has lost it`,
    options,
    async (t) => {
      const { stores, queue, submit } = await storesOf(t, kind, 2);
      const { id } = await submit();
      const first = await taken(stores[0]!);
      assert.ok(await first.note(STARTED));
      assert.ok(await first.note({ type: "warning", sentence: "of the first" }));
      assert.equal(jobAfter(await queue.read(id)).state, "running");
      await first.giveBack(true);
      assert.equal(jobAfter(await queue.read(id)).state, "queued");
      const second = await taken(stores[1]!);
      assert.equal(second.attempt, 2);
      assert.equal(await first.beat(), "lost");
      assert.equal(await first.note({ type: "warning", sentence: "late" }), false);
      assert.equal(await first.end({ ...DONE, version: "7" }), false);
      await first.giveBack(true);
      await assert.rejects(stat(first.staging));

      assert.ok(await second.note({ ...STARTED, at: "2024-01-02T00:00:00.000Z" }));
      const record = await queue.read(id);
      assert.equal(changesOf(record), 4);
      const job = jobAfter(record);
      assert.deepEqual([job.state, job.startedAt, job.warnings], ["running", "2024-01-02T00:00:00.000Z", []]);
      assert.deepEqual(jobAfter(record, 3).warnings, ["of the first"]);
      // Given back in order, the attempt does not count.
      await second.giveBack(false);
      const third = await taken(stores[0]!);
      assert.equal(third.attempt, 2);
      assert.equal(await third.beat(), "kept");
      assert.ok(await third.end(DONE));
      const ended = jobAfter(await queue.read(id));
      assert.deepEqual([ended.state, ended.version, ended.endedAt], ["done", "1", DONE.endedAt]);
      assert.equal(await third.beat(), "lost");
      assert.equal(await stores[1]!.take(), undefined);
    },
  );

  test(
    `${kind.name}: a job that waits is stopped at once, one that runs by its worker`,
    options,
    async (t) => {
      const { stores, queue, submit } = await storesOf(t, kind, 2);
      const waiting = await submit();
      await queue.cancel(waiting.id);
      assert.equal(jobAfter(await queue.read(waiting.id)).state, "cancelled");
      await queue.cancel(waiting.id);
      assert.equal(await stores[1]!.take(), undefined);

      const running = await submit();
      const claim = await taken(stores[1]!);
      assert.equal(await claim.beat(), "kept");
      await queue.cancel(running.id);
      assert.equal(await claim.beat(), "cancelled");
      assert.equal(jobAfter(await queue.read(running.id)).state, "running");
      assert.ok(await claim.end({ ...DONE, state: "cancelled", version: null }));
      // How it ended stays.
      await queue.cancel(running.id);
      assert.equal(jobAfter(await queue.read(running.id)).state, "cancelled");
    },
  );

  test(
    `${kind.name}: a key stands for one job, whoever is asked, and the listing is over all`,
    options,
    async (t) => {
      const { stores, queue, submit } = await storesOf(t, kind, 2);
      const jobs = await Promise.all([submit("key"), submit("key"), submit("key")]);
      assert.equal(new Set(jobs.map(({ id }) => id)).size, 1);
      await assert.rejects(submit("key", "a\n2\n"), { code: "CONFLICT" });
      await delay(2);
      const other = await submit("other");
      const listed = await stores[1]!.list(100);
      assert.deepEqual(
        listed.map(({ order }) => order.id),
        [other.id, jobs[0]!.id],
      );
      const claim = await taken(stores[1]!);
      await claim.end(DONE);
      assert.deepEqual(
        (await stores[0]!.list(0)).map(({ order }) => order.id),
        [other.id],
      );
      assert.equal((await submit("key")).id, jobs[0]!.id);
      assert.equal((await queue.list()).length, 2);
    },
  );

  test(`${kind.name}: no more jobs wait than may`, options, async (t) => {
    const { submit } = await storesOf(t, kind, 1);
    for (let index = 0; index < 10; index++) await submit(`key-${index}`);
    await assert.rejects(submit(), { code: "TOO_MANY_JOBS" });
    // One that is there already is not one more.
    await submit("key-3");
  });

  test(
    `${kind.name}: of two whose data came at the same time, the one that is one too many is refused`,
    options,
    async (t) => {
      const { stores, queue, submit } = await storesOf(t, kind, 1);
      for (let index = 0; index < 9; index++) await submit();
      const begin = async (key: string) => {
        await stores[0]!.checkRoom(DATA.length, key);
        const id = newJobId(Date.now());
        const upload = await stores[0]!.upload(id);
        await upload.write(Buffer.from(DATA));
        const order: JobOrder = {
          id,
          kind: "train",
          model: "pump",
          options: {},
          form: "table",
          createdAt: STARTED.at,
        };
        const sha256 = createHash("sha256").update(DATA).digest("hex");
        return { id, upload, accept: () => upload.accept(order, sha256, { key, hash: key }) };
      };
      const [one, two] = [await begin("one"), await begin("two")];
      assert.equal(await one.accept(), one.id);
      await assert.rejects(two.accept(), { code: "TOO_MANY_JOBS" });
      await two.upload.discard();
      assert.equal((await stores[0]!.list(100)).length, 10);
      // It left nothing behind: when there is room, its key stands for no other job.
      await queue.cancel(one.id);
      const again = await begin("two");
      assert.equal(await again.accept(), again.id);
    },
  );
}
