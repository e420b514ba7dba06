import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseEngine } from "../../src/engine/choose-engine.js";
import { builtAddon } from "../../src/engine/tensorflow/addon.js";
import { gpuUnavailable } from "../../src/engine/tensorflow/gpu.js";
import { WasmEngine } from "../../src/engine/wasm/engine.js";

const missing = gpuUnavailable();
const withoutGpu = { skip: missing === undefined ? "this machine may have a GPU" : false };

test("auto takes wasm where CUDA cannot be used, and says why", withoutGpu, async () => {
  const { engine, reason } = await chooseEngine("auto", { threads: 1 });
  assert.equal(engine.name, "wasm");
  assert.equal(reason, `the wasm engine runs on 1 thread, since ${missing}`);
  await engine.close();
});

test("wasm is taken without a look at anything else", async () => {
  const { engine, reason } = await chooseEngine("wasm", { threads: 2 });
  assert.deepEqual(
    [engine.name, engine.device, reason],
    ["wasm", "cpu", "the wasm engine runs on 2 threads"],
  );
  await engine.close();
});

test("the setting of wide vectors reaches the wasm engine", async () => {
  const { engine } = await chooseEngine("wasm", { threads: 1, wideVectors: "off" });
  assert.ok(engine instanceof WasmEngine);
  assert.equal(engine.vectorBits, 128);
  await engine.close();
});

test("cuda refuses to start without a GPU, with the command that repairs it", withoutGpu, async () => {
  await assert.rejects(chooseEngine("cuda", { threads: 1 }), {
    name: "InputError",
    message: `RESIDUA_ENGINE=cuda cannot be used: ${missing}`,
  });
});

const withoutAddon = { skip: builtAddon() === undefined ? false : "the addon is built here" };
test(
  "tensorflow refuses to start without the addon, with the command that builds it",
  withoutAddon,
  async () => {
    await assert.rejects(chooseEngine("tensorflow", { threads: 1 }), {
      name: "InputError",
      message: /the addon of @tensorflow\/tfjs-node-gpu is not built; run npm run tensorflow\.$/,
    });
  },
);
