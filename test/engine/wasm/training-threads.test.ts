import assert from "node:assert/strict";
import { test } from "node:test";
import { TrainingThreads } from "../../../src/engine/wasm/gradient/threads.js";
import { TrainingMemory } from "../../../src/engine/wasm/gradient/training-memory.js";
import { InputError } from "../../../src/errors.js";

test("a thread that dies fails the job under way and those to come", async () => {
  // A module without the kernels: its thread ends with an error.
  const module = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const kernels = { module, fused: true, wide: false };
  const threads = new TrainingThreads(kernels, new TrainingMemory(16).memory, 2);
  await assert.rejects(threads.run(2), TypeError);
  await assert.rejects(threads.run(1), TypeError);
  await threads.close();
});

test("more than 4 GiB is refused in one sentence", () => {
  assert.throws(() => new TrainingMemory(2 ** 28 + 16), InputError);
  const memory = new TrainingMemory(16);
  memory.reserve(2 ** 20, "a little");
  assert.ok(memory.buffer.byteLength >= 2 ** 20);
  assert.throws(() => memory.reserve(2 ** 32 + 1, "a lot"), { message: /^Training a lot takes 4097 MiB/ });
});
