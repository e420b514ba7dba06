import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hardlyDiffer } from "../../src/charts/alike.js";
import { ScoreScale } from "../../src/dashboard/threshold-scale.js";
import { linearAxis, placeOn, ticksOf } from "../../src/report/axis.js";

test("the digits of a large level count, those that float64 lacks do not", () => {
  assert.equal(hardlyDiffer(1e9 - 5, 1e9 + 5), false);
  assert.equal(hardlyDiffer(1e9, 1e9 + 1e-3), true);
  assert.equal(hardlyDiffer(0, 1e-12), false);
  assert.equal(hardlyDiffer(0, 0), true);
  assert.equal(hardlyDiffer(-1e-300, 1e-300), true);
});

test("whatever the values are, axis and slider have an end, and hold them", () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
  const near = fc.tuple(value, fc.constantFrom(0, 1e-16, 1e-12, 1e-9, 1e-3)).map(([low, by]) => {
    const ends = [low, low + Math.abs(low) * by];
    return [Math.min(...ends), Math.max(...ends)] as const;
  });
  fc.assert(
    fc.property(near, ([low, high]) => {
      const axis = linearAxis(low, high);
      assert.ok(axis.low <= low && high <= axis.high && axis.low < axis.high);
      assert.ok(ticksOf(axis, 8).length <= 10);
      assert.ok(placeOn(axis, high) >= placeOn(axis, low));
      const scale = new ScoreScale([low, high]);
      assert.ok(Math.abs(scale.placeOf(scale.valueAt(0.5)) - 0.5) < 1e-6);
    }),
  );
});
