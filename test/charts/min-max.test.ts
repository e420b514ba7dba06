import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linePoints, MinMaxSeries } from "../../src/charts/min-max.js";

/** Some values, NaN among them, repeated to a length that has blocks of several levels. */
const longSeries = fc
  .tuple(
    fc.array(fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(Number.NaN)), {
      minLength: 1,
      maxLength: 200,
    }),
    fc.integer({ min: 1, max: 40 }),
  )
  .map(([values, times]) =>
    Float64Array.from({ length: values.length * times }, (_, i) => values[(i * 7) % values.length]!),
  );

function extremesOf(values: Float64Array): [number, number] {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? [Number.NaN, Number.NaN] : [Math.min(...known), Math.max(...known)];
}

test("every column has exactly the extremes of its rows, and columns divide the range", () => {
  fc.assert(
    fc.property(
      longSeries,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 300 }),
      (values, a, b, columns) => {
        const from = Math.floor(Math.min(a, b) * (values.length - 1));
        const to = Math.max(from + 1, Math.ceil(Math.max(a, b) * values.length));
        const { min, max } = new MinMaxSeries(values).columns(from, to, columns);
        const width = (to - from) / columns;
        for (let column = 0; column < columns; column++) {
          const first = from + Math.floor(column * width);
          const end = Math.max(first + 1, from + Math.floor((column + 1) * width));
          assert.deepEqual([min[column], max[column]], extremesOf(values.subarray(first, end)));
        }
        assert.deepEqual(new MinMaxSeries(values).extent(from, to), extremesOf(values.subarray(from, to)));
      },
    ),
  );
});

test("one spike among a million rows is in the line", () => {
  const values = new Float64Array(1_000_000);
  values[654_321] = 5;
  const { rows, values: points } = linePoints(new MinMaxSeries(values), 0, values.length, 900);
  const at = points.indexOf(5);
  assert.ok(Math.abs(rows[at]! - 654_321) <= 1_000_000 / 900);
  assert.equal(points.filter((value) => value !== 0).length, 1);
});

test("a line has all rows where they are few, else two a column, in order; a missing value breaks it", () => {
  fc.assert(
    fc.property(longSeries, fc.integer({ min: 1, max: 100 }), (values, columns) => {
      const { rows, values: points } = linePoints(new MinMaxSeries(values), 0, values.length, columns);
      assert.equal(points.length, rows.length);
      assert.equal(rows.length, values.length <= 2 * columns ? values.length : 2 * columns);
      for (let i = 1; i < rows.length; i++) assert.ok(rows[i]! >= rows[i - 1]! && rows[i]! < values.length);
      if (values.length <= 2 * columns) {
        assert.deepEqual(
          points,
          Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
        );
      }
    }),
  );
});
