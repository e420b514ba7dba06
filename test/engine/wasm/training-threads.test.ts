import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { SHORT_WORK, type TrainerOptions, WasmTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { TrainingMemory } from "../../../src/engine/wasm/training/training-memory.js";
import { InputError } from "../../../src/errors.js";
import { parameterCount, windowSize } from "../../../src/network/network.js";
import { readGoldenCase } from "../golden.js";

const { network, weights, windows, count } = readGoldenCase("stacked-dense");

/** @param settings `shortWork: 0` for a trainer whose threads run every batch. */
function trainerOf(kernels: Kernels, settings: Partial<TrainerOptions> = { shortWork: 0 }): WasmTrainer {
  return new WasmTrainer(kernels, network, weights, { loss: "mse", seed: 1, threads: 2, ...settings });
}

/** A trainer, and how many threads it has started. */
async function counted(
  t: TestContext,
  settings: Partial<TrainerOptions>,
): Promise<{ trainer: WasmTrainer; started: () => number }> {
  let started = 0;
  const count = (): void => void started++;
  process.on("worker", count);
  t.after(() => process.off("worker", count));
  const trainer = trainerOf(await loadKernels("training"), settings);
  t.after(() => trainer.close());
  return { trainer, started: () => started };
}

const STEP = { learningRate: 1e-3, clipNorm: 1 };

test("small batches run on the calling thread, and start no other", async (t) => {
  const { trainer, started } = await counted(t, {});
  await trainer.step(windows, windows, count, STEP);
  await trainer.evaluate(windows, count);
  assert.equal(started(), 0);
});

test("threads start with the first batch that is large enough", async (t) => {
  const { trainer, started } = await counted(t, {});
  await trainer.step(windows, windows, count, STEP);
  assert.equal(started(), 0);
  // Each weight is multiplied once for a window at the least.
  const many = Math.ceil(SHORT_WORK / parameterCount(network));
  const size = windowSize(network);
  const all = Float32Array.from({ length: many * size }, (_, n) => windows[n % (count * size)]!);
  await trainer.step(all, all, many, STEP);
  assert.equal(started(), 2);
});

test("the event loop goes on while one small batch follows the other", async (t) => {
  const { trainer } = await counted(t, {});
  let isServed = false;
  setImmediate(() => {
    isServed = true;
  });
  // Would never end if all batches ran in one turn of the loop.
  while (!isServed) await trainer.step(windows, windows, count, STEP);
  assert.ok(isServed);
});

test("kernels that fail on the calling thread fail that batch and those to come", async () => {
  const trainer = trainerOf(await loadKernels("inference"), {});
  await assert.rejects(trainer.evaluate(windows, count), { code: "INFERENCE_FAILED" });
  await assert.rejects(trainer.evaluate(windows, count), { code: "INFERENCE_FAILED" });
  await trainer.close();
});

test("threads that cannot start fail every batch", async () => {
  // A module without the kernels: its thread ends with an error.
  const module = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const trainer = trainerOf({ module, fused: true, wide: false });
  const first = trainer.evaluate(windows, count);
  const second = trainer.lossAndGradients(windows, windows, count);
  for (const batch of [first, second]) {
    await assert.rejects(batch, (error: Error) => error.cause instanceof TypeError);
  }
  await trainer.close();
});

test("a thread that dies fails the job under way and those to come", async () => {
  // The kernels of inference know no job of training: their threads end in `unreachable`.
  const trainer = trainerOf(await loadKernels("inference"));
  await assert.rejects(trainer.evaluate(windows, count), { code: "INFERENCE_FAILED" });
  await assert.rejects(trainer.evaluate(windows, count), { code: "INFERENCE_FAILED" });
  await trainer.close();
});

test("more than 4 GiB is refused in one sentence", () => {
  assert.throws(() => new TrainingMemory(2 ** 28 + 16), InputError);
  const memory = new TrainingMemory(16);
  memory.reserve(2 ** 20, "a little");
  assert.ok(memory.buffer.byteLength >= 2 ** 20);
  assert.throws(() => memory.reserve(2 ** 32 + 1, "a lot"), { message: /^Training a lot takes 4097 MiB/ });
});
