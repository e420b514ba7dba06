/** What becomes of runs when the device process crashes. The process here has no TensorFlow (fake-device-process.ts). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Device } from "../../../src/engine/tensorflow/device.js";
import { asFloats } from "../../../src/engine/tensorflow/device-frames.js";
import { ResiduaError } from "../../../src/errors.js";
import { BROKEN, ORDER } from "./fake-device-process.js";
import { PLAN, start } from "./started-device.js";

async function code(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => "answered",
    (error: unknown) => (error instanceof ResiduaError ? error.code : String(error)),
  );
}

const window = (first: number): Float32Array => new Float32Array([first, 1]);

test("a run is answered in the padded batch, with the windows asked for", async (t) => {
  const { device, seen } = await start(t);
  const model = await device.load(PLAN);
  await device.warm(model);
  const windows = new Float32Array([1, 2, 3, 4, 5, 6]);
  const answer = asFloats(await device.run(model, windows, 3));
  assert.deepEqual([...answer], [3, 3, 7, 7, 11, 11, 3, 7, 11]);
  assert.deepEqual(await seen("run", 1), ["run 3 in 4"]);
  assert.deepEqual(await seen("warm", 3), ["warm 8", "warm 1", "warm 4"]);
});

test("the next process answers a run whose process was killed", async (t) => {
  const { device, said, lines } = await start(t);
  const model = await device.load(PLAN);
  const holding = said("holding");
  const held = device.run(model, window(ORDER.holdOnce), 1);
  const behind = [2, 3, 4].map((first) => device.run(model, window(first), 1));
  await holding;
  const { pid } = device;
  process.kill(pid!, "SIGKILL");
  assert.deepEqual([...asFloats(await held)], [1002, 1002, 1002]);
  assert.deepEqual(
    (await Promise.all(behind)).map((answer) => asFloats(answer)[0]),
    [3, 4, 5],
  );
  assert.notEqual(device.pid, pid);
  assert.equal(device.restarts.count, 1);
  assert.ok(lines.some((line) => line.includes("ended (SIGKILL) during the run of the model")));
});

test("after a crash every batch size is compiled again, the largest first", async (t) => {
  const { device, seen } = await start(t);
  const model = await device.load(PLAN);
  await device.warm(model);
  process.kill(device.pid!, "SIGKILL");
  const warmed = await seen("warm", 6);
  assert.deepEqual(warmed, ["warm 8", "warm 1", "warm 4", "warm 8", "warm 1", "warm 4"]);
});

test("a run takes a larger batch that is compiled before a smaller one that is not", async (t) => {
  const { device, seen } = await start(t);
  const model = await device.load(PLAN);
  await device.run(model, new Float32Array(6), 3);
  await device.run(model, window(1), 1);
  await device.run(model, new Float32Array(10), 5);
  assert.deepEqual(await seen("run", 3), ["run 3 in 4", "run 1 in 4", "run 5 in 8"]);
});

test("with a plain program, a run is padded up to maxPadding only, and does not wait for a compilation", async (t) => {
  const { device, seen } = await start(t);
  const model = await device.load({
    ...PLAN,
    programs: ["compiled", "plain"],
    compiledSizes: [1, 8],
    maxPadding: 2,
  });
  await device.run(model, window(1), 1);
  await device.warm(model);
  for (const count of [1, 3, 4, 8, 9]) await device.run(model, new Float32Array(2 * count), count);
  assert.deepEqual(await seen("warm", 3), ["warm plain 1", "warm 1", "warm 8"]);
  const runs = ["run plain 1 in 1", "run 1 in 1", "run plain 3 in 3", "run 4 in 8", "run 8 in 8"];
  assert.deepEqual(await seen("run", 6), [...runs, "run plain 9 in 9"]);
});

test("a model that crashes its process twice is disabled, and the others still answer", async (t) => {
  const { device } = await start(t);
  const bad = await device.load({ ...PLAN, label: "the bad model" });
  const good = await device.load(PLAN);
  const [deadly, other] = [device.run(bad, window(ORDER.abort), 1), device.run(good, window(5), 1)];
  assert.equal(await code(deadly), "INFERENCE_FAILED");
  assert.equal(asFloats(await other)[0], 6);
  assert.equal(await code(device.run(bad, window(1), 1)), "INFERENCE_FAILED");
  assert.equal(await code(device.run(good, window(1), 1)), "answered");
});

test("a process killed from outside twice is not the model's fault", async (t) => {
  const { device, said } = await start(t);
  const model = await device.load(PLAN);
  const first = said("holding");
  const held = device.run(model, window(ORDER.hold), 1);
  await first;
  const second = said("holding");
  process.kill(device.pid!, "SIGKILL");
  await second;
  process.kill(device.pid!, "SIGKILL");
  assert.equal(await code(held), "ENGINE_RESTARTING");
  assert.equal(await code(device.run(model, window(1), 1)), "answered");
});

test("runs that wait too long for a process are rejected with a time to retry, and later runs are answered", async (t) => {
  const { device, folder, said } = await start(t, { patienceMs: 20, backoffMs: [0, 30] });
  const model = await device.load(PLAN);
  writeFileSync(join(folder, BROKEN), "");
  const ended = said("ended (SIGKILL)");
  process.kill(device.pid!, "SIGKILL");
  await ended;
  const refused = await device.run(model, window(1), 1).then(
    () => assert.fail("no process can answer"),
    (error: unknown) => error,
  );
  assert.ok(refused instanceof ResiduaError);
  assert.equal(refused.code, "ENGINE_RESTARTING");
  assert.ok((refused.retryAfterSeconds ?? 0) >= 1);
  const warm = said("warm 8");
  rmSync(join(folder, BROKEN));
  await warm;
  while ((await code(device.run(model, window(1), 1))) !== "answered");
});

test("a process whose run does not end is killed, and the next one answers", async (t) => {
  const { device } = await start(t, { hangMs: 300 });
  const model = await device.load(PLAN);
  const held = device.run(model, window(ORDER.holdOnce), 1);
  assert.deepEqual([...asFloats(await held)], [1002, 1002, 1002]);
});

test("a run that fails says why, and the process goes on", async (t) => {
  const { device } = await start(t);
  const model = await device.load(PLAN);
  const { pid } = device;
  await assert.rejects(
    device.run(model, window(ORDER.fail), 1),
    /could not run the model: as the window asks/,
  );
  assert.equal(await code(device.run(model, window(1), 1)), "answered");
  assert.equal(device.pid, pid);
});

test("unloading frees the model, and closing rejects what still waits", async (t) => {
  const { device, said, seen } = await start(t);
  const [first, second] = [await device.load(PLAN), await device.load(PLAN)];
  await device.unload(first);
  assert.deepEqual(await seen("unload", 1), ["unload"]);
  assert.throws(() => device.run(first, window(1), 1), RangeError);
  const holding = said("holding");
  const held = code(device.run(second, window(ORDER.hold), 1));
  await holding;
  await device.close();
  assert.equal(await held, "SHUTTING_DOWN");
  assert.equal(await code(device.run(second, window(1), 1)), "SHUTTING_DOWN");
});

test("the error of a process that cannot start has its last lines", async () => {
  const folder = mkdtempSync(join(tmpdir(), "residua-test-device-"));
  writeFileSync(join(folder, BROKEN), "");
  const script = fileURLToPath(new URL("./fake-device-process.js", import.meta.url));
  await assert.rejects(
    Device.start({ command: { script, scratchFolder: folder, environment: process.env }, log: () => {} }),
    (exit: unknown) => {
      assert.deepEqual(exit, {
        how: "status 3",
        killed: false,
        lastLines: ["cannot start: it is broken"],
      });
      return true;
    },
  );
  rmSync(folder, { recursive: true });
});
