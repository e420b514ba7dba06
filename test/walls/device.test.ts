/** A device process that is stopped is found within seconds; it holds up neither answers nor the end of the service. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Device } from "../../src/engine/tensorflow/device.js";
import { asFloats } from "../../src/engine/tensorflow/device-frames.js";
import { Heartbeats } from "../../src/engine/tensorflow/device-heartbeats.js";
import { LiveModels } from "../../src/http/live-models.js";
import { opened } from "../registry/running-registry.js";

const PLAN = {
  label: "the model",
  folder: "/nowhere",
  windowShape: [1, 2],
  outputs: [{ name: "head_0", size: 2 }],
  programs: ["compiled"],
  compiledSizes: [1],
  maxPadding: 1,
} as const;

/** For what comes to no end. On a busy machine, the next process alone may take long to start. */
const BOUND_MS = 60_000;
/** A second of a beat, and five that may be missed, with one more at either end. */
const MOST_BEATS = 8;

async function start(t: TestContext): Promise<{ device: Device; lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "residua-test-silent-"));
  const lines: string[] = [];
  const { device } = await Device.start({
    command: {
      script: fileURLToPath(new URL("../engine/tensorflow/fake-device-process.js", import.meta.url)),
      scratchFolder: folder,
      environment: process.env,
    },
    log: (_level, line) => void lines.push(line),
    backoffMs: [0],
  });
  t.after(async () => {
    await device.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { device, lines };
}

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a stopped process is ended within seconds, readiness says so, and its run is answered by the next", {
  timeout: BOUND_MS,
}, async (t) => {
  const { device, lines } = await start(t);
  const { registry } = await opened(t);
  const models = new LiveModels();
  models.connect(registry, {
    get problem() {
      return device.isSound ? undefined : "The process that owns the device is silent or restarting.";
    },
  });
  const model = await device.load(PLAN);
  assert.deepEqual(models.problems(), []);
  const stopped = device.pid!;
  process.kill(stopped, "SIGSTOP");
  // As the service counts them: on a busy machine, both come late.
  let beats = 0;
  const beat = setInterval(() => (beats += 1), 1000);
  t.after(() => clearInterval(beat));
  const run = device.run(model, new Float32Array([2, 3]), 1);
  while (device.isSound) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(beats <= MOST_BEATS, `it was found after ${beats} s`);
  assert.deepEqual(models.problems(), ["The process that owns the device is silent or restarting."]);
  assert.deepEqual([...asFloats(await run)], [5, 5]);
  assert.ok(!isThere(stopped) && device.pid !== stopped);
  assert.deepEqual(models.problems(), []);
  assert.ok(lines.some((line) => /ended \(SIGKILL\)/.test(line)));
});

test("silence is counted in looks: beats reset it, and before the first beat it is not counted", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const beats = new PassThrough();
  let silent = 0;
  const heart = new Heartbeats(beats, 5_000, () => silent++);
  t.mock.timers.tick(60_000);
  for (let second = 0; second < 60; second++) {
    beats.emit("data", ".");
    t.mock.timers.tick(1_000);
  }
  // A beat is late, as on a busy machine.
  t.mock.timers.tick(4_000);
  assert.deepEqual([silent, heart.isSilent], [0, true]);
  beats.emit("data", ".");
  assert.equal(heart.isSilent, false);
  t.mock.timers.tick(6_000);
  assert.equal(silent, 1);
  t.mock.timers.tick(60_000);
  assert.equal(silent, 1, "it is said once");
});

test("a stopped process ends with the service", { timeout: BOUND_MS }, async (t) => {
  const { device } = await start(t);
  const pid = device.pid!;
  process.kill(pid, "SIGSTOP");
  await device.close();
  assert.ok(!isThere(pid));
});
