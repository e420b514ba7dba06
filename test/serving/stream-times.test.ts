import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { usualMaxGapMs, usualStepMs } from "../../src/data/gaps.js";
import type { StreamState } from "../../src/serving/stream-state.js";
import { streamTimes, timesOf } from "../../src/serving/stream-times.js";

const times = fc
  .array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 })
  .map((steps) => Float64Array.from(steps, (_, row) => steps.slice(0, row + 1).reduce((a, b) => a + b, 0)));

test("what is a gap follows from all times that are known, and so does which rows follow on one", () => {
  fc.assert(
    fc.property(times, fc.integer({ min: -100, max: 0 }), fc.boolean(), (ms, lastMs, isNew) => {
      const continuation = isNew ? "" : "some";
      const request = {
        continuation,
        stride: undefined,
        maxGapMs: undefined,
        times: streamTimes(ms, usualStepMs([ms]), continuation),
      };
      // A stream of one row so far: it has a last time, and no step.
      const before = isNew ? undefined : ({ lastMs, maxGapMs: null } as StreamState);
      const found = timesOf(request, before);
      const known = isNew ? ms : Float64Array.of(lastMs, ...ms);
      const maxGapMs = usualMaxGapMs([known]) ?? null;
      assert.equal(found.maxGapMs, maxGapMs);
      const shift = known.length - ms.length;
      const isAfterGap = Array.from(ms, (time, row) =>
        Number(maxGapMs !== null && row + shift > 0 && time - known[row + shift - 1]! > maxGapMs),
      );
      assert.deepEqual([...found.isAfterGap!], isAfterGap);
      assert.equal(found.gaps, isAfterGap.filter((gap) => gap === 1).length);
    }),
  );
});
