import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientGoneError } from "../../src/errors.js";
import { embedding, pausedBatcher } from "./paused-batcher.js";
import { windowsOf } from "./paused-executable.js";

test("a request that comes as several works has one share, and its works are run in their order", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  void submit(8);
  await scheduler.turn();
  const client = { destroyed: false };
  const parts = [submit(3, 100, { client }), submit(3, 200, { client }), submit(3, 300, { client })];
  const other = submit(8, 500);
  await executable.finish();
  assert.deepEqual(executable.firstReadings, [100, 101, 102, 200, 500, 501, 502, 503]);
  await executable.finish();
  assert.deepEqual(embedding(await parts[0]!), [100, 101, 102]);
  assert.deepEqual(executable.firstReadings, [201, 202, 300, 301, 504, 505, 506, 507]);
  await executable.finish();
  assert.deepEqual(embedding(await other), [500, 501, 502, 503, 504, 505, 506, 507]);
  assert.deepEqual(embedding(await parts[1]!), [200, 201, 202]);
  // What is left of it may run in one with new work, and a client that hung up ends all of it.
  const last = submit(1, 400, { client });
  client.destroyed = true;
  await executable.finish();
  await assert.rejects(last, ClientGoneError);
});

test("a request larger than a batch is split and put together again", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const result = submit(20, 100);
  await scheduler.turn();
  for (let run = 0; run < 3; run++) await executable.finish();
  assert.deepEqual(executable.counts, [8, 8, 4]);
  const { outputs } = await result;
  assert.deepEqual(
    [...outputs.embedding],
    Array.from({ length: 20 }, (_, i) => 100 + i),
  );
  assert.deepEqual([...outputs.heads[0]!], [...windowsOf(executable, 20, 100)]);
});

test("a small request does not wait for the whole of a large one", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  void submit(40);
  await scheduler.turn();
  const small = submit(1, 500);
  await executable.finish();
  assert.ok(executable.firstReadings.includes(500));
  await executable.finish();
  await small;
});

test("a client is in every run, however many connections another address has", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  void submit(8);
  await scheduler.turn();
  const from = (remoteAddress: string) => ({ client: { destroyed: false, remoteAddress } });
  for (let i = 0; i < 20; i++) void submit(2, 100, from("192.0.2.1"));
  for (let i = 0; i < 4; i++) void submit(1, 500, from("192.0.2.2"));
  for (let run = 0; run < 2; run++) {
    await executable.finish();
    const of = (value: number) => executable.firstReadings.filter((own) => own >= value && own < value + 100);
    assert.equal(of(500).length, run === 0 ? 4 : 0);
    assert.equal(of(100).length, run === 0 ? 4 : 8);
  }
});

test("however many small requests come, a large one goes on", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  void submit(16, 1000);
  await scheduler.turn();
  let large = 0;
  for (let run = 0; run < 8; run++) {
    for (let i = 0; i < 12 && run < 4; i++) void submit(1);
    large += executable.firstReadings.filter((value) => value >= 1000).length;
    await executable.finish();
  }
  assert.equal(large, 16);
});
