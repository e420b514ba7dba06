import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResiduaError } from "../../src/errors.js";
import { embedding, hasCode, pausedBatcher } from "./paused-batcher.js";
import { PausedExecutable, windowsOf } from "./paused-executable.js";

test("requests of one turn of the event loop run together, each with its own outputs", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const results = [submit(1, 10), submit(3, 20), submit(2, 30)];
  assert.equal(executable.underWay, 0);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [6]);
  scheduler.nowMs += 7;
  await executable.finish();
  const [first, second, third] = await Promise.all(results);
  assert.deepEqual(embedding(first!), [10]);
  assert.deepEqual(embedding(second!), [20, 21, 22]);
  assert.deepEqual(embedding(third!), [30, 31]);
  assert.equal(second!.startedAtMs, 1000);
  assert.equal(second!.endedAtMs, 1007);
});

test("where a run need not be larger, a part of it begins while others are read", async () => {
  const { scheduler, executable, submit } = pausedBatcher({ maxBatchWindows: 64, concurrentRuns: 2 });
  executable.efficientWindows = 32;
  void submit(3);
  assert.deepEqual(executable.counts, []);
  void submit(1);
  assert.deepEqual(executable.counts, [4], "an eighth of 32 does not wait for the turn to end");
  void submit(2);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [4, 2]);
});

test("what waits is shared between the runs that can start, none larger than need be", async () => {
  const { executable, submit } = pausedBatcher({ maxBatchWindows: 64, concurrentRuns: 2 });
  executable.efficientWindows = 16;
  void submit(14);
  assert.deepEqual(executable.counts, [7, 7]);
  void submit(40);
  await executable.finish();
  assert.deepEqual(executable.counts, [7, 7, 16]);
  await executable.finish();
  await executable.finish();
  assert.deepEqual(executable.counts, [7, 7, 16, 16, 8]);
});

test("a batch is formed when the engine ends a run, of all that waits then", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  void submit(1);
  await scheduler.turn();
  scheduler.nowMs += 3;
  const later = [submit(1, 1), submit(1, 2)];
  await scheduler.turn();
  assert.deepEqual(executable.counts, [1]);
  scheduler.nowMs += 4;
  await executable.finish();
  assert.deepEqual(executable.counts, [1, 2]);
  await executable.finish();
  assert.equal((await later[0]!).startedAtMs, 1007);
});

test("with two runs at once, the second starts while the first is under way", async () => {
  const { scheduler, executable, submit } = pausedBatcher({ concurrentRuns: 2 });
  for (let i = 0; i < 3; i++) {
    void submit(1);
    await scheduler.turn();
  }
  assert.deepEqual(executable.counts, [1, 1]);
});

test("a free engine waits for what is on its way, but not longer than maxWaitMs", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  const other = batcher.expect();
  void submit(1);
  await scheduler.turn();
  await scheduler.advance(4);
  assert.deepEqual(executable.counts, []);
  await scheduler.advance(1);
  assert.deepEqual(executable.counts, [1]);
  await executable.finish();

  // What kept the engine waiting in vain is not waited for again.
  void submit(1);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [1, 1]);
  await executable.finish();
  batcher.arrived(other);
  void submit(1);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [1, 1, 1]);
});

test("the wait ends when what was on its way is there, or gave up", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  const other = batcher.expect();
  void submit(1);
  await scheduler.turn();
  assert.deepEqual(executable.counts, []);
  void submit(2);
  batcher.arrived(other);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [3]);
  assert.equal(scheduler.timers, 0);
});

test("a full batch does not wait", async () => {
  const { scheduler, executable, batcher, submit } = pausedBatcher();
  batcher.expect();
  void submit(8);
  await scheduler.turn();
  assert.deepEqual(executable.counts, [8]);
});

test("long windows count for more: a batch is bounded in windows x timesteps", async () => {
  for (const [timesteps, windows] of [
    [128, 8],
    [256, 4],
    [5000, 1],
  ] as const) {
    const { scheduler, submit } = pausedBatcher();
    const long = new PausedExecutable(timesteps);
    void submit(10, 0, { on: long });
    await scheduler.turn();
    assert.deepEqual(long.counts, [windows]);
  }
});

test("a failing run fails only the requests in it", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const failed = assert.rejects(submit(1), hasCode("INFERENCE_FAILED"));
  await scheduler.turn();
  const next = submit(1, 5);
  await executable.fail(new Error("out of memory"));
  await failed;
  await executable.finish();
  assert.deepEqual(embedding(await next), [5]);
});

test("the engine's own error reaches the caller as it is", async () => {
  const { scheduler, executable, submit } = pausedBatcher();
  const failed = assert.rejects(submit(1), hasCode("ENGINE_RESTARTING"));
  await scheduler.turn();
  await executable.fail(new ResiduaError("ENGINE_RESTARTING", "The engine is restarting."));
  await failed;
});

test("whatever is submitted, every request gets exactly its own windows back", async () => {
  const request = fc.record({ count: fc.integer({ min: 1, max: 30 }), lane: fc.integer({ min: 0, max: 2 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      async (requests, maxBatchWindows, concurrentRuns) => {
        const { scheduler, submit } = pausedBatcher({
          maxBatchWindows,
          concurrentRuns,
          maxQueueWindows: 1000,
        });
        const lanes = [new PausedExecutable(), new PausedExecutable(3, 2), new PausedExecutable(1, 1)];
        const results = requests.map(({ count, lane }, i) => submit(count, i * 100, { on: lanes[lane]! }));
        await scheduler.turn();
        for (let busy = true; busy; ) {
          busy = false;
          for (const lane of lanes) {
            if (lane.underWay === 0) continue;
            busy = true;
            await lane.finish();
          }
        }
        for (const [i, { count, lane }] of requests.entries()) {
          const { outputs } = await results[i]!;
          assert.deepEqual(outputs.heads[0], windowsOf(lanes[lane]!, count, i * 100));
        }
      },
    ),
    { numRuns: 50 },
  );
});
