/** What is of Redis alone: room for data, and content that others wrote. */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { jobAfter } from "../../../src/jobs/job.js";
import { JobQueue } from "../../../src/jobs/job-queue.js";
import { modelsFolder } from "../job-service.js";
import { RedisServer, withoutRedis } from "../redis-server.js";
import { REDIS } from "../store-kinds.js";

const options = { skip: withoutRedis };
const DONE = { state: "done", endedAt: "2024-01-01T00:00:00.000Z", version: "1", failure: null } as const;

async function placeOf(t: TestContext) {
  const redis = await RedisServer.start(t);
  const folder = await modelsFolder(t);
  const settings = { RESIDUA_REDIS_URL: redis.url };
  const store = REDIS.open(t, settings, folder);
  const queue = new JobQueue(store, 10_000_000);
  const submit = (bytes: number, expectedBytes: number | undefined = bytes) =>
    queue.submit(
      { kind: "train", model: "pump", options: {}, form: "table", key: undefined, expectedBytes },
      (async function* () {
        for (let from = 0; from < bytes; from += 100_000)
          yield Buffer.alloc(Math.min(100_000, bytes - from), 1);
      })(),
    );
  return { redis, folder, settings, store, queue, submit };
}

test("jobs hold no more data than they may, and give it back when they end", options, async (t) => {
  const { store, submit, redis, settings, folder } = await placeOf(t);
  const { id } = await submit(1_500_000);
  const noRoom = { code: "INSUFFICIENT_STORAGE", message: /hold 1500000 bytes, and all may hold 2000000 / };
  await assert.rejects(submit(600_000), noRoom);
  // One whose length is not known is refused while it comes.
  await assert.rejects(submit(600_000, 0), noRoom);
  await submit(400_000);
  const claim = (await store.take())!;
  assert.equal(claim.order.id, id);
  await claim.end(DONE);
  await submit(1_200_000);
  // What an upload has left whose service was killed is no longer counted once it has run out.
  await redis.command("DEL", `{residua}:data:${(await store.list(0))[0]!.order.id}`);
  await submit(1_200_000);
  assert.deepEqual((await REDIS.leftovers(settings, folder)).includes(`{residua}:data:${id}`), false);
});

test("an order whose acceptance was not heard of keeps its data", options, async (t) => {
  const { store, submit, redis } = await placeOf(t);
  const { id } = await submit(10);
  const upload = await store.upload(id);
  await upload.write(Buffer.from("a\n1\n"));
  await upload.discard();
  assert.match(await redis.command("EXISTS", `{residua}:data:${id}`), /^:1/);
  const other = await store.upload("00mwxotm7m9ua7rpcy8c5qbv");
  await other.write(Buffer.alloc(600_000));
  await other.discard();
  assert.match(await redis.command("EXISTS", "{residua}:data:00mwxotm7m9ua7rpcy8c5qbv"), /^:0/);
});

test("data that are no longer those that were sent are not learnt from", options, async (t) => {
  const { store, submit, redis } = await placeOf(t);
  const { id } = await submit(700_000);
  const claim = (await store.take())!;
  await redis.command("LSET", `{residua}:data:${id}`, "1", "other");
  await assert.rejects(claim.data(), /no longer those that were sent/);
  await redis.command("DEL", `{residua}:data:${id}`);
  await assert.rejects(claim.data(), /no longer those that were sent/);
});

test("what is no job of ours fails as a job or is passed over, and leads nowhere", options, async (t) => {
  const { store, queue, submit, redis } = await placeOf(t);
  const { id } = await submit(10);
  const wrong = { ...(await store.read(id))!.order, model: "../../elsewhere" };
  await redis.command("HSET", `{residua}:job:${id}`, "order", JSON.stringify(wrong));
  await assert.rejects(queue.read(id), { code: "JOB_NOT_FOUND" });
  const { id: good } = await submit(10);
  const claim = (await store.take())!;
  assert.equal(claim.order.id, good);
  for (const note of ["", "{", '{"type":"progress","progress":{}}', '{"type":"warning","sentence":"seen"}']) {
    await redis.command("RPUSH", `{residua}:notes:${good}`, note);
  }
  const [job, ...more] = await queue.list();
  assert.deepEqual([job?.id, more.length], [good, 0]);
  await redis.command("HSET", `{residua}:job:${good}`, "end", "nonsense");
  const ended = jobAfter(await queue.read(good));
  assert.deepEqual([ended.state, ended.failure?.code], ["failed", "INTERNAL"]);
  assert.equal((await store.read(good))!.notes.length, 1);
  await redis.command("SADD", "{residua}:waiting", "../x");
  await redis.command("ZADD", "{residua}:open", "1", "../x");
  await queue.list();
  assert.equal(await store.read("../x"), undefined);
});

test("a job that nobody brings is brought again, and folders that nobody needs go", options, async (t) => {
  const { store, queue, submit, redis, folder } = await placeOf(t);
  const { id } = await submit(10);
  const queued = (await redis.command("KEYS", "{residua}:queue:*")).match(/\{residua\}:queue:\S+/g)!;
  await redis.command("DEL", ...queued);
  assert.equal(await store.take(), undefined);
  const work = join(folder, ".jobs", "work");
  const { id: ended } = await submit(10);
  await queue.cancel(ended);
  for (const name of [`${ended}.1`, ".gone-x", `${id}.9`, "00mwxotm7m9ua7rpcy8c5qbv.1"]) {
    await mkdir(join(work, name, "staging"), { recursive: true });
    await writeFile(join(work, name, "data"), "x");
  }
  await store.tend(new Set());
  // One of a job that nobody knows may be of another Redis.
  assert.deepEqual((await readdir(work)).sort(), ["00mwxotm7m9ua7rpcy8c5qbv.1", `${id}.9`]);
  assert.equal((await store.take())?.order.id, id);
  assert.deepEqual((await readdir(work)).sort(), ["00mwxotm7m9ua7rpcy8c5qbv.1", `${id}.1`]);
});
