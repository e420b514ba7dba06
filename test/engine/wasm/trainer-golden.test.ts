import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Trainer } from "../../../src/engine/engine.js";
import { createTrainer, WasmTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { GOLDEN_CASES, type GoldenCase, type GoldenName, readGoldenCase } from "../golden.js";

const OPTIONS = { loss: "mse", seed: 1, threads: 2 } as const;

/**
 * Largest difference, as a share of the tensor's largest gradient. Keras's own float32 gradients of the trained
 * ramps are half a per cent off: their residuals are nearly zero.
 */
const TOLERANCES: Readonly<Record<GoldenName, number>> = {
  "ramp-reconstruction": 1e-2,
  "ramp-prediction": 1e-2,
  "ramp-composite": 1e-2,
  "deep-tanh": 1e-5,
  "hard-sigmoid-dropout": 1e-5,
  "stacked-dense": 1e-5,
  gru: 1e-5,
};

async function assertGolden(trainer: Trainer, golden: GoldenCase): Promise<void> {
  const { name, weights, windows, count, loss, gradients } = golden;
  const given = await trainer.lossAndGradients(windows, windows, count);
  assert.ok(Math.abs(given.loss - loss) <= 1e-5 * loss, `loss ${given.loss}, not ${loss}`);
  assert.equal(await trainer.evaluate(windows, count), given.loss);
  assert.deepEqual([...given.gradients.keys()].sort(), [...gradients.keys()].sort());
  for (const [weight, { data, shape }] of given.gradients) {
    const want = gradients.get(weight)!;
    assert.deepEqual(shape, want.shape);
    const largest = want.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = data.reduce((most, value, n) => Math.max(most, Math.abs(value - want.data[n]!)), 0);
    assert.ok(off <= TOLERANCES[name] * largest, `${weight}: ${off / largest} of the largest`);
  }
  assert.deepEqual(trainer.weights(), weights);
}

for (const name of GOLDEN_CASES) {
  test(`loss and gradients are Keras's: ${name}`, async (t) => {
    const golden = readGoldenCase(name);
    const trainer = await createTrainer(golden.network, golden.weights, OPTIONS);
    t.after(() => trainer.close());
    await assertGolden(trainer, golden);
  });
}

test("so they are of the build without relaxed SIMD", async (t) => {
  const module = await WebAssembly.compile(
    await readFile(new URL("../../../src/engine/wasm/kernels/training/kernels.wasm", import.meta.url)),
  );
  const kernels = { module, fused: false, wide: false };
  for (const name of ["ramp-composite", "hard-sigmoid-dropout", "stacked-dense", "gru"] as const) {
    const golden = readGoldenCase(name);
    const trainer = new WasmTrainer(kernels, golden.network, golden.weights, OPTIONS);
    t.after(() => trainer.close());
    await assertGolden(trainer, golden);
  }
});
