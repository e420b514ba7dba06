import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lowerBound } from "../../src/scoring/lower-bound.js";

test("all values before the bound are smaller, and none from it on is", () => {
  const numbers = fc.array(fc.integer({ min: -20, max: 20 })).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(numbers, fc.integer({ min: -21, max: 21 }), (sorted, value) => {
      const bound = lowerBound(Int32Array.from(sorted), value);
      assert.ok(sorted.slice(0, bound).every((one) => one < value));
      assert.ok(sorted.slice(bound).every((one) => one >= value));
    }),
  );
});
