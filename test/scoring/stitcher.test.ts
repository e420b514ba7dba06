import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Stitcher } from "../../src/scoring/stitcher.js";
import { stitchScores, windowStarts } from "../../src/scoring/windows.js";

test("scores that come in parts are stitched as those that come together, and known as soon as they can be", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 7 }),
      fc.infiniteStream(fc.double()),
      (rows, timesteps, stride, part, stream) => {
        // Gaps of some length, so that some rows have no window.
        const groups = Array.from({ length: rows }, (_, row) => row - (row % 11) + Number(row % 11 > 7));
        const starts = windowStarts(rows, timesteps, stride, { groups });
        const values = Float64Array.from(starts, () => stream.next().value);
        const stitcher = new Stitcher(timesteps);
        const parts: number[] = [];
        for (let from = 0; from < starts.length; from += part) {
          stitcher.add(values.subarray(from, from + part), starts.subarray(from, from + part));
          parts.push(...stitcher.settle(starts[from + part] ?? rows));
        }
        parts.push(...stitcher.settle(rows));
        assert.deepEqual(parts, [...stitchScores(values, starts, timesteps, rows)]);
      },
    ),
  );
});
