import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { usualMaxGapMs } from "../../src/data/gaps.js";

test("the longest step that is no gap is ten times the median of the steps above zero, all series together", () => {
  const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 4 }), (series) => {
      const times = series.map((own) => {
        const ms = [1e12];
        for (const step of own) ms.push(ms.at(-1)! + step);
        return Float64Array.from(ms);
      });
      const sorted = series
        .flat()
        .filter((step) => step > 0)
        .sort((a, b) => a - b);
      const middle = sorted[Math.floor(sorted.length / 2)];
      assert.equal(usualMaxGapMs(times), middle === undefined ? undefined : middle * 10);
    }),
  );
});

test("no step, no gap", () => {
  assert.equal(usualMaxGapMs([]), undefined);
  assert.equal(usualMaxGapMs([new Float64Array(0), Float64Array.of(5)]), undefined);
  assert.equal(usualMaxGapMs([Float64Array.of(5, 5, 5)]), undefined);
});
