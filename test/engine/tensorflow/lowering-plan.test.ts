import assert from "node:assert/strict";
import { test } from "node:test";
import { planLowering } from "../../../src/engine/tensorflow/lowering-plan.js";
import type { Family } from "../../../src/network/architectures.js";
import { buildNetwork } from "../../../src/network/architectures.js";

function plan(
  timesteps: number,
  maxBatchWindows: number,
  usesGpu: boolean,
  family: Family = "reconstruction",
) {
  const network = buildNetwork({ family, timesteps, features: 1, units: [4], activation: "tanh" });
  return planLowering(network, { maxBatchWindows, usesGpu });
}

test("on a CPU XLA compiles the few small batches, and the largest where it is a large one", () => {
  assert.deepEqual(plan(9, 128, false).compiledSizes, [1, 4]);
  assert.deepEqual(plan(9, 1024, false).compiledSizes, [1, 4, 1024]);
  assert.deepEqual(plan(9, 2, false).compiledSizes, [1, 2]);
  assert.deepEqual(plan(9, 1, false).compiledSizes, [1]);
});

test("short recurrences are written out for XLA, longer ones are loops, and a thousand steps have no plain graph", () => {
  assert.deepEqual(plan(9, 128, false).lowering, { compiled: { blockSteps: 9 }, plain: { blockSteps: 9 } });
  assert.deepEqual(plan(50, 128, false).lowering, { compiled: { blockSteps: 1 }, plain: { blockSteps: 50 } });
  assert.deepEqual(plan(500, 100, false), {
    lowering: { compiled: { blockSteps: 1 } },
    compiledSizes: [1, 4, 16, 64, 100],
    maxPadding: 4,
  });
});

test("a network without a recurrence is plain on a CPU", () => {
  const { lowering, compiledSizes } = plan(9, 128, false, "dense");
  assert.deepEqual([Object.keys(lowering), compiledSizes], [["plain"], []]);
});

test("on a GPU every batch is padded to a compiled one", () => {
  for (const family of ["reconstruction", "dense"] as const) {
    const { lowering, compiledSizes, maxPadding } = plan(9, 8192, true, family);
    assert.ok(lowering.compiled !== undefined);
    for (let count = 1; count <= 8192; count += 7) {
      const size = compiledSizes.find((each) => each >= count);
      assert.ok(size !== undefined && size <= maxPadding * count, `${count} windows in ${size}`);
    }
  }
});
