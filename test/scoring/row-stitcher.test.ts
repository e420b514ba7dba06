import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RowStitcher } from "../../src/scoring/row-stitcher.js";
import { windowStarts } from "../../src/scoring/windows.js";

test("each value of a row is the mean over the windows that have one for it, whatever parts they come in", () => {
  const shapes = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    timesteps: fc.integer({ min: 1, max: 7 }),
    skipped: fc.integer({ min: 0, max: 2 }),
    width: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 4 }),
    part: fc.integer({ min: 1, max: 6 }),
    block: fc.integer({ min: 1, max: 9 }),
    reversed: fc.boolean(),
  });
  const value = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -99, max: 99 }) },
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
  );
  fc.assert(
    fc.property(shapes, fc.infiniteStream(value), (shape, stream) => {
      const { rows, timesteps, width, stride, part, block, reversed } = shape;
      // A head that does not answer for the first rows of a window.
      const start = Math.min(shape.skipped, timesteps - 1);
      const steps = timesteps - start;
      const starts = windowStarts(rows, timesteps, stride);
      const values = Float64Array.from({ length: starts.length * steps * width }, () => stream.next().value);
      const stitcher = new RowStitcher(width);
      const means = new Float32Array(rows * width);
      for (let from = 0; from < starts.length; from += part) {
        const own = values.subarray(from * steps * width, (from + part) * steps * width);
        stitcher.add(own, starts.subarray(from, from + part), { start, steps, reversed });
        const next = starts[from + part] ?? rows;
        for (let end = starts[from]! + block; end < next; end += block) stitcher.settle(end, means);
        stitcher.settle(next, means);
      }
      stitcher.settle(rows, means);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < width; column++) {
          const found = [...starts].flatMap((first, window) => {
            const step = row - first - start;
            if (step < 0 || step >= steps) return [];
            const place = (window * steps + (reversed ? steps - 1 - step : step)) * width + column;
            return Number.isFinite(values[place]!) ? [values[place]!] : [];
          });
          const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
          assert.equal(means[row * width + column], Math.fround(mean));
        }
      }
    }),
  );
});
