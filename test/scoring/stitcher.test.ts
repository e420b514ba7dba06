import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Stitcher, stitchScores } from "../../src/scoring/stitcher.js";
import { windowStarts } from "../../src/scoring/windows.js";

test("scores that come in parts are stitched as those that come together, and known as soon as they can be", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.double()),
      (rows, timesteps, stride, part, block, stream) => {
        // Gaps of some length, so that some rows have no window.
        const groups = Array.from({ length: rows }, (_, row) => row - (row % 11) + Number(row % 11 > 7));
        const starts = windowStarts(rows, timesteps, stride, { groups });
        const values = Float64Array.from(starts, () => stream.next().value);
        const stitcher = new Stitcher(timesteps);
        const parts: number[] = [];
        for (let from = 0; from < starts.length; from += part) {
          stitcher.add(values.subarray(from, from + part), starts.subarray(from, from + part));
          const next = starts[from + part] ?? rows;
          for (let end = parts.length + block; end < next; end += block) parts.push(...stitcher.settle(end));
          parts.push(...stitcher.settle(next));
        }
        parts.push(...stitcher.settle(rows));
        assert.deepEqual(parts, [...stitchScores(values, starts, timesteps, rows)]);
      },
    ),
  );
});

test("a stitched score is the mean over the windows that cover the timestep and have one", () => {
  const value = fc.oneof(
    { weight: 5, arbitrary: fc.double({ min: 0, max: 1e3, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 3.4028234663852886e38) },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(value, { minLength: 20, maxLength: 20 }),
      (unordered, timesteps, values) => {
        const starts = [...unordered].sort((a, b) => a - b);
        const scores = Float64Array.from(values.slice(0, starts.length));
        const stitched = stitchScores(scores, starts, timesteps, 36);
        for (let row = 0; row < 36; row++) {
          const covering = [...scores].filter(
            (score, i) => !Number.isNaN(score) && starts[i]! <= row && row < starts[i]! + timesteps,
          );
          const expected = covering.reduce((a, b) => a + b, 0) / covering.length;
          assert.equal(stitched[row], expected);
        }
      },
    ),
  );
});

test("values that windows have for each timestep are stitched to the mean over the windows that cover it", () => {
  const value = fc.oneof(
    { weight: 5, arbitrary: fc.double({ min: 0, max: 1e3, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 7 }),
      fc.array(value, { minLength: 120, maxLength: 120 }),
      (unordered, timesteps, part, values) => {
        const starts = [...unordered].sort((a, b) => a - b);
        const errors = Float64Array.from(values.slice(0, starts.length * timesteps));
        const stitcher = new Stitcher(timesteps);
        const stitched: number[] = [];
        for (let from = 0; from < starts.length; from += part) {
          stitcher.addTimesteps(
            errors.subarray(from * timesteps, (from + part) * timesteps),
            starts.slice(from, from + part),
          );
          stitched.push(...stitcher.settle(starts[from + part] ?? 36));
        }
        if (starts.length === 0) stitched.push(...stitcher.settle(36));
        for (let row = 0; row < 36; row++) {
          const covering = starts.flatMap((start, i) =>
            start <= row && row < start + timesteps ? [errors[i * timesteps + row - start]!] : [],
          );
          const known = covering.filter((error) => !Number.isNaN(error));
          assert.equal(stitched[row], known.reduce((a, b) => a + b, 0) / known.length);
        }
      },
    ),
  );
});
