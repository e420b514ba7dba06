/** What becomes of a trainer at its end, and of an engine's trainers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { windowSize } from "../../../src/network/network.js";
import { someWeights } from "../network-arbitrary.js";

const NETWORK = buildNetwork({ family: "dense", timesteps: 7, features: 3, units: [6], activation: "tanh" });
const WINDOW = windowSize(NETWORK);
const STEP = { learningRate: 1e-2, clipNorm: 0.5 };

test("an engine keeps nothing of a trainer that has closed", async (t) => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const closed = async (): Promise<WeakRef<object>> => {
    const trainer = await engine.train(NETWORK, someWeights(NETWORK, 1), { loss: "mse", seed: 1 });
    await trainer.close();
    return new WeakRef(trainer);
  };
  const trainers = [await closed(), await closed(), await closed()];
  const areKept = () => trainers.some((trainer) => trainer.deref() !== undefined);
  // What a turn of the event loop has looked at lives until its end.
  for (let turn = 0; turn < 20 && areKept(); turn++) {
    await yieldToEventLoop();
    collectGarbage();
  }
  assert.equal(areKept(), false);
});

test("a closed trainer refuses, and an engine closes its trainers", async () => {
  const weights = someWeights(NETWORK, 1);
  const engine = await createWasmEngine({ threads: 2 });
  const trainer = await engine.train(NETWORK, weights, { loss: "mse", seed: 1 });
  const few = new Float32Array(WINDOW);
  const under = trainer.step(few, few, 1, STEP);
  await engine.close();
  assert.ok(Number.isFinite(await under));
  await assert.rejects(trainer.step(few, few, 1, STEP));
  await trainer.close();
});
