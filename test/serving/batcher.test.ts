import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClientGoneError, ResiduaError } from "../../src/errors.js";
import type { BatchResult } from "../../src/serving/batch-job.js";
import { Batcher, type BatcherOptions } from "../../src/serving/batcher.js";
import { ManualScheduler } from "./manual-scheduler.js";
import { PausedExecutable, windowsOf } from "./paused-executable.js";

function build(options: Partial<BatcherOptions> = {}) {
  const scheduler = new ManualScheduler();
  const executable = new PausedExecutable();
  const batcher = new Batcher({
    maxBatchWindows: 8,
    maxWaitMs: 5,
    maxQueueWindows: 64,
    concurrentRuns: 1,
    scheduler,
    ...options,
  });
  const submit = (
    count: number,
    value = 0,
    more: { deadlineAtMs?: number; client?: { destroyed: boolean }; on?: PausedExecutable } = {},
  ) => {
    const on = more.on ?? executable;
    return batcher.submit({
      target: targetOf(on),
      windows: windowsOf(on, count, value),
      count,
      ...more,
    });
  };
  return { scheduler, executable, batcher, submit };
}

function targetOf(executable: PausedExecutable) {
  return { name: "model", version: "1", executable };
}

function embedding(result: BatchResult): number[] {
  return [...result.outputs.embedding];
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof ResiduaError);
  assert.equal(error.code, expected);
  return true;
};

test("requests of one turn of the event loop run together, each with its own outputs", async () => {
  const { scheduler, executable, submit } = build();
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
  const { scheduler, executable, submit } = build({ maxBatchWindows: 64, concurrentRuns: 2 });
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
  const { executable, submit } = build({ maxBatchWindows: 64, concurrentRuns: 2 });
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

test("a request that comes as several works has one share, and its works are run in their order", async () => {
  const { scheduler, executable, submit } = build();
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

test("a batch is formed when the engine ends a run, of all that waits then", async () => {
  const { scheduler, executable, submit } = build();
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
  const { scheduler, executable, submit } = build({ concurrentRuns: 2 });
  for (let i = 0; i < 3; i++) {
    void submit(1);
    await scheduler.turn();
  }
  assert.deepEqual(executable.counts, [1, 1]);
});

test("a free engine waits for what is on its way, but not longer than maxWaitMs", async () => {
  const { scheduler, executable, batcher, submit } = build();
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
  const { scheduler, executable, batcher, submit } = build();
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
  const { scheduler, executable, batcher, submit } = build();
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
    const { scheduler, submit } = build();
    const long = new PausedExecutable(timesteps);
    void submit(10, 0, { on: long });
    await scheduler.turn();
    assert.deepEqual(long.counts, [windows]);
  }
});

test("a request larger than a batch is split and put together again", async () => {
  const { scheduler, executable, submit } = build();
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
  const { scheduler, executable, submit } = build();
  void submit(40);
  await scheduler.turn();
  const small = submit(1, 500);
  await executable.finish();
  assert.ok(executable.firstReadings.includes(500));
  await executable.finish();
  await small;
});

test("however many small requests come, a large one goes on", async () => {
  const { scheduler, executable, submit } = build();
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

test("models take turns by the work done for each", async () => {
  const { scheduler, executable, submit } = build();
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
  const { scheduler, executable, batcher, submit } = build();
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
    code("QUEUE_FULL")(error);
    assert.equal((error as ResiduaError).retryAfterSeconds, 26);
  }
  void submit(12);
  assert.equal(batcher.waitingWindows, 64);
  assert.throws(() => batcher.checkRoom(), code("QUEUE_FULL"));
});

test("more windows than the queue can ever hold are too many", () => {
  const { submit } = build();
  assert.throws(() => submit(65), code("TOO_MANY_WINDOWS"));
});

test("a deadline that passed while waiting is not run", async () => {
  const { scheduler, executable, batcher, submit } = build();
  void submit(1);
  await scheduler.turn();
  const late = submit(2, 50, { deadlineAtMs: scheduler.now() + 10 });
  const rejected = assert.rejects(late, code("DEADLINE_EXCEEDED"));
  await scheduler.advance(10);
  await rejected;
  assert.equal(batcher.waitingWindows, 0);
  await executable.finish();
  assert.deepEqual(executable.counts, [1]);
  await assert.rejects(submit(1, 0, { deadlineAtMs: scheduler.now() - 1 }), code("DEADLINE_EXCEEDED"));
});

test("a deadline that passes while its windows run is answered", async () => {
  const { scheduler, executable, submit } = build();
  const result = submit(1, 7, { deadlineAtMs: scheduler.now() + 10 });
  await scheduler.turn();
  await scheduler.advance(20);
  await executable.finish();
  assert.deepEqual(embedding(await result), [7]);
});

test("a client that hung up is dropped before it runs, and makes room", async () => {
  const { scheduler, executable, batcher, submit } = build();
  void submit(1);
  await scheduler.turn();
  const client = { destroyed: false };
  const gone = assert.rejects(submit(64, 0, { client }), ClientGoneError);
  assert.throws(() => submit(1), code("QUEUE_FULL"));
  client.destroyed = true;
  const next = submit(1, 9);
  await gone;
  assert.equal(batcher.waitingWindows, 1);
  await executable.finish();
  await executable.finish();
  assert.deepEqual(embedding(await next), [9]);
});

test("a failing run fails only the requests in it", async () => {
  const { scheduler, executable, submit } = build();
  const failed = assert.rejects(submit(1), code("INFERENCE_FAILED"));
  await scheduler.turn();
  const next = submit(1, 5);
  await executable.fail(new Error("out of memory"));
  await failed;
  await executable.finish();
  assert.deepEqual(embedding(await next), [5]);
});

test("the engine's own error reaches the caller as it is", async () => {
  const { scheduler, executable, submit } = build();
  const failed = assert.rejects(submit(1), code("ENGINE_RESTARTING"));
  await scheduler.turn();
  await executable.fail(new ResiduaError("ENGINE_RESTARTING", "The engine is restarting."));
  await failed;
});

test("work that stands in line is taken as room appears, before newcomers", async () => {
  const { scheduler, executable, batcher, submit } = build({ maxQueueWindows: 8 });
  void submit(8);
  await scheduler.turn();
  void submit(8);
  const target = targetOf(executable);
  const inLine = batcher.submitWhenRoom({ target, windows: windowsOf(executable, 4, 70), count: 4 });
  assert.throws(() => submit(1), code("QUEUE_FULL"));
  await executable.finish();
  assert.equal(batcher.waitingWindows, 4);
  await executable.finish();
  await executable.finish();
  assert.deepEqual(embedding(await inLine), [70, 71, 72, 73]);
});

test("a deadline that passes in the line is rejected there", async () => {
  const { scheduler, executable, batcher, submit } = build({ maxQueueWindows: 8 });
  void submit(8);
  await scheduler.turn();
  void submit(8);
  const work = { target: targetOf(executable), windows: windowsOf(executable, 4), count: 4 };
  const late = batcher.submitWhenRoom({ ...work, deadlineAtMs: scheduler.now() + 10 });
  const rejected = assert.rejects(late, code("DEADLINE_EXCEEDED"));
  await scheduler.advance(10);
  await rejected;
  assert.equal(batcher.waitingWindows, 8);
  assert.equal(scheduler.timers, 0);
});

test("a reservation keeps its place while its windows come in parts, and gives back the rest", async () => {
  const { scheduler, executable, batcher, submit } = build();
  const place = batcher.reserve(60);
  assert.throws(() => submit(5), code("QUEUE_FULL"));
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

test("whatever is submitted, every request gets exactly its own windows back", async () => {
  const request = fc.record({ count: fc.integer({ min: 1, max: 30 }), lane: fc.integer({ min: 0, max: 2 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      async (requests, maxBatchWindows, concurrentRuns) => {
        const { scheduler, submit } = build({ maxBatchWindows, concurrentRuns, maxQueueWindows: 1000 });
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
