import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultBudget, defaultEpochWindows, defaultStride } from "../../src/training/budget.js";

test("an epoch of long windows has as many rows as one of short ones", () => {
  assert.equal(defaultEpochWindows(8), 8192);
  assert.equal(defaultEpochWindows(32), 8192);
  assert.equal(defaultEpochWindows(256), 1024);
});

test("windows up to 64 rows are taken at every row; longer ones overlap eight times at least", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 2000 }), (windows, timesteps) => {
      const stride = defaultStride(windows, timesteps);
      assert.ok(Number.isInteger(stride) && stride >= 1);
      if (timesteps <= 64) assert.equal(stride, 1);
      if (stride === 1) return;
      assert.ok(stride <= timesteps / 8);
      // One row closer, they would be more than an epoch.
      assert.ok(windows / (stride - 1) > defaultEpochWindows(timesteps));
    }),
  );
  assert.equal(defaultStride(4000, 288), 5);
  assert.equal(defaultStride(900, 288), 1);
  assert.equal(defaultStride(100_000, 288), 36);
});

test("a training sees the same number of rows, however long the windows are", () => {
  const budget = (timesteps: number) =>
    defaultBudget(320, { batchSize: 32, windowsPerEpoch: 8192, timesteps });
  assert.deepEqual(budget(32), { epochs: 800, patience: 100 });
  assert.deepEqual(budget(64), budget(32));
  assert.deepEqual(budget(128), { epochs: 400, patience: 50 });
  assert.deepEqual(budget(6400), { epochs: 100, patience: 10 });
});
