import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientGoneError, type ResiduaError } from "../../src/errors.js";
import { embedding, hasCode, pausedBatcher, targetOf } from "./paused-batcher.js";
import { PausedExecutable, windowsOf } from "./paused-executable.js";

test("models take turns by the work done for each", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const other = new PausedExecutable();
  void submit(32);
  await scheduler.turn();
  void submit(8, 0, { on: other });
  await executable.finish();
  assert.equal(other.underWay, 1);
  assert.equal(executable.underWay, 0);
  await other.finish();
  assert.equal(executable.underWay, 1);
});

test("what does not fit is refused whole, with the seconds the queue needs", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  void submit(8);
  await scheduler.turn();
  scheduler.nowMs += 4000;
  void submit(60);
  await executable.finish();
  // 8 windows took 4 s and 52 wait: 26 s.
  assert.equal(batcher.waitingWindows, 52);
  try {
    submit(13);
    assert.fail("it was taken");
  } catch (error) {
    hasCode("QUEUE_FULL")(error);
    assert.equal((error as ResiduaError).retryAfterSeconds, 26);
  }
  void submit(12);
  assert.equal(batcher.waitingWindows, 64);
  assert.throws(() => batcher.checkRoom(), hasCode("QUEUE_FULL"));
});

test("an address that fills the queue leaves room for those that send less", async () => {
  const { scheduler, batcher, submit } = pausedBatcher();
  const from = (remoteAddress: string) => ({ client: { destroyed: false, remoteAddress } });
  const [busy, other, third] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(from);
  void submit(8, 0, busy);
  await scheduler.turn();
  const place = batcher.reserve(40, busy!.client);
  void submit(24, 0, busy);
  assert.throws(() => submit(1, 0, busy), hasCode("QUEUE_FULL"));
  assert.throws(() => batcher.checkRoom(busy!.client), hasCode("QUEUE_FULL"));
  batcher.checkRoom(other!.client);
  void submit(4, 0, other);
  void submit(3, 0, third);
  assert.throws(() => submit(1, 0, busy), hasCode("QUEUE_FULL"));
  assert.throws(() => submit(2, 0, third), /71 windows wait and the queue holds 64: no room for 2 more/);
  void submit(1, 0, third);
  place.release();
  assert.equal(batcher.waitingWindows, 32);
  void submit(32, 0, busy);
  assert.throws(() => submit(1, 0, busy), hasCode("QUEUE_FULL"));
});

test("addresses that have as much as others, or of which nothing waits, have no more room", async () => {
  const { scheduler, submit } = pausedBatcher();
  const from = (remoteAddress: string) => ({ client: { destroyed: false, remoteAddress } });
  void submit(8, 0, from("192.0.2.1"));
  await scheduler.turn();
  void submit(32, 0, from("192.0.2.1"));
  void submit(32, 0, from("192.0.2.2"));
  for (const own of ["192.0.2.1", "192.0.2.2"]) {
    assert.throws(() => submit(1, 0, from(own)), hasCode("QUEUE_FULL"));
  }
  // A third may have up to an equal share, as far as there is room.
  assert.throws(() => submit(22, 0, from("192.0.2.3")), hasCode("QUEUE_FULL"));
  void submit(8, 0, from("192.0.2.3"));
});

test("more windows than the queue can ever hold are too many", () => {
  const { submit } = pausedBatcher();
  assert.throws(() => submit(65), hasCode("TOO_MANY_WINDOWS"));
});

test("a deadline that passed while waiting is not run", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  void submit(1);
  await scheduler.turn();
  const late = submit(2, 50, { deadlineAtMs: scheduler.now() + 10 });
  const rejected = assert.rejects(late, hasCode("DEADLINE_EXCEEDED"));
  await scheduler.advance(10);
  await rejected;
  assert.equal(batcher.waitingWindows, 0);
  await executable.finish();
  assert.deepEqual(executable.counts, [1]);
  await assert.rejects(submit(1, 0, { deadlineAtMs: scheduler.now() - 1 }), hasCode("DEADLINE_EXCEEDED"));
});

test("a deadline that passes while its windows run is answered", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const result = submit(1, 7, { deadlineAtMs: scheduler.now() + 10 });
  await scheduler.turn();
  await scheduler.advance(20);
  await executable.finish();
  assert.deepEqual(embedding(await result), [7]);
});

test("a client that hung up is dropped before it runs, and makes room", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  void submit(1);
  await scheduler.turn();
  const client = { destroyed: false };
  const gone = assert.rejects(submit(64, 0, { client }), ClientGoneError);
  assert.throws(() => submit(1), hasCode("QUEUE_FULL"));
  client.destroyed = true;
  const next = submit(1, 9);
  await gone;
  assert.equal(batcher.waitingWindows, 1);
  await executable.finish();
  await executable.finish();
  assert.deepEqual(embedding(await next), [9]);
});

test("work that stands in line is taken as room appears, before newcomers", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher({ maxQueueWindows: 8 });
  void submit(8);
  await scheduler.turn();
  void submit(8);
  const target = targetOf(executable);
  const inLine = batcher.submitWhenRoom({ target, windows: windowsOf(executable, 4, 70), count: 4 });
  assert.throws(() => submit(1), hasCode("QUEUE_FULL"));
  await executable.finish();
  assert.equal(batcher.waitingWindows, 4);
  await executable.finish();
  await executable.finish();
  assert.deepEqual(embedding(await inLine), [70, 71, 72, 73]);
});

test("a deadline that passes in the line is rejected there", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher({ maxQueueWindows: 8 });
  void submit(8);
  await scheduler.turn();
  void submit(8);
  const work = { target: targetOf(executable), windows: windowsOf(executable, 4), count: 4 };
  const late = batcher.submitWhenRoom({ ...work, deadlineAtMs: scheduler.now() + 10 });
  const rejected = assert.rejects(late, hasCode("DEADLINE_EXCEEDED"));
  await scheduler.advance(10);
  await rejected;
  assert.equal(batcher.waitingWindows, 8);
  assert.equal(scheduler.timers, 0);
});

test("a reservation keeps its place while its windows come in parts, and gives back the rest", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  const place = batcher.reserve(60);
  assert.throws(() => submit(5), hasCode("QUEUE_FULL"));
  const target = targetOf(executable);
  const part = place.submit({ target, windows: windowsOf(executable, 2, 40), count: 2 });
  assert.equal(batcher.waitingWindows, 60);
  await scheduler.turn();
  assert.equal(batcher.waitingWindows, 58);
  place.release();
  assert.equal(batcher.waitingWindows, 0);
  await executable.finish();
  assert.deepEqual(embedding(await part), [40, 41]);
});
