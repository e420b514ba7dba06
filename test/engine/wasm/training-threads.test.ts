import assert from "node:assert/strict";
import { test } from "node:test";
import { type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { WasmTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { TrainingMemory } from "../../../src/engine/wasm/training/training-memory.js";
import { InputError } from "../../../src/errors.js";
import { readGoldenCase } from "../golden.js";

const { network, weights, windows, count } = readGoldenCase("stacked-dense");

function trainerOf(kernels: Kernels): WasmTrainer {
  return new WasmTrainer(kernels, network, weights, { loss: "mse", seed: 1, threads: 2 });
}

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
