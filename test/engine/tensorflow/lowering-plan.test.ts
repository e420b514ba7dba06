import assert from "node:assert/strict";
import { test } from "node:test";
import { type LoweringPlan, planLowerings } from "../../../src/engine/tensorflow/lowering-plan.js";
import type { Family } from "../../../src/network/architectures.js";
import { buildNetwork } from "../../../src/network/architectures.js";

interface Wanted {
  readonly timesteps: number;
  readonly maxBatchWindows: number;
  readonly usesGpu?: boolean;
  readonly family?: Family;
  readonly activation?: "relu" | "tanh";
}

function plans({ maxBatchWindows, usesGpu = false, ...wanted }: Wanted): readonly LoweringPlan[] {
  const { timesteps, family = "reconstruction", activation = "relu" } = wanted;
  const network = buildNetwork({ family, timesteps, features: 1, units: [4], activation });
  return planLowerings(network, { maxBatchWindows, usesGpu });
}

function first(wanted: Wanted): LoweringPlan {
  return plans(wanted)[0]!;
}

test("on a CPU XLA compiles the few small batches, and the largest where it is a large one", () => {
  assert.deepEqual(first({ timesteps: 9, maxBatchWindows: 128 }).compiledSizes, [1, 4]);
  assert.deepEqual(first({ timesteps: 9, maxBatchWindows: 1024 }).compiledSizes, [1, 4, 1024]);
  assert.deepEqual(first({ timesteps: 9, maxBatchWindows: 2 }).compiledSizes, [1, 2]);
  assert.deepEqual(first({ timesteps: 9, maxBatchWindows: 1 }).compiledSizes, [1]);
});

test("short recurrences are written out for XLA, longer ones are loops, and a thousand steps have no plain graph", () => {
  const lowering = (timesteps: number): unknown => first({ timesteps, maxBatchWindows: 128 }).lowering;
  assert.deepEqual(lowering(9), { compiled: { blockSteps: 9 }, plain: { blockSteps: 9 } });
  assert.deepEqual(lowering(50), { compiled: { blockSteps: 1 }, plain: { blockSteps: 50 } });
  assert.deepEqual(first({ timesteps: 500, maxBatchWindows: 100 }), {
    by: "XLA",
    lowering: { compiled: { blockSteps: 1 } },
    compiledSizes: [1, 4, 16, 64, 100],
    maxPadding: 4,
  });
});

test("a network without a recurrence is plain on a CPU", () => {
  const { lowering, compiledSizes } = first({ timesteps: 9, maxBatchWindows: 128, family: "dense" });
  assert.deepEqual([Object.keys(lowering), compiledSizes], [["plain"], []]);
});

test("on a GPU every batch is padded to a compiled one", () => {
  for (const family of ["reconstruction", "dense"] as const) {
    const plan = first({ timesteps: 9, maxBatchWindows: 8192, usesGpu: true, family });
    const { lowering, compiledSizes, maxPadding } = plan;
    assert.ok(lowering.compiled !== undefined);
    for (let count = 1; count <= 8192; count += 7) {
      const size = compiledSizes.find((each) => each >= count);
      assert.ok(size !== undefined && size <= maxPadding * count, `${count} windows in ${size}`);
    }
  }
});

test("on a GPU a loop unrolls at least six timesteps, and few stand before it", () => {
  for (const timesteps of [50, 100, 128, 288]) {
    const plan = first({ timesteps, maxBatchWindows: 8, usesGpu: true });
    const { blockSteps } = plan.lowering.compiled!;
    assert.ok(blockSteps >= 6 && (timesteps - 1) % blockSteps <= 2, `blocks of ${blockSteps}`);
  }
});

test("on a GPU cuDNN runs what it has, and XLA and then plain ops where it fails", () => {
  const all = plans({ timesteps: 50, maxBatchWindows: 8, usesGpu: true, activation: "tanh" });
  assert.deepEqual(
    all.map(({ by }) => by),
    ["cuDNN", "XLA", "TensorFlow's ops"],
  );
  assert.deepEqual([all[0]!.lowering, all[0]!.compiledSizes], [{ plain: "cudnn" }, []]);
  assert.equal(first({ timesteps: 50, maxBatchWindows: 8, usesGpu: true }).by, "XLA");
  assert.equal(first({ timesteps: 50, maxBatchWindows: 8, activation: "tanh" }).by, "XLA");
  assert.equal(first({ timesteps: 9, maxBatchWindows: 8, usesGpu: true, family: "dense" }).by, "XLA");
});
