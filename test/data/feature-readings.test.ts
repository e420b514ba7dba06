import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lookThroughReadings } from "../../src/data/feature-readings.js";
import { SENTINELS } from "../../src/data/missing.js";

const look = (values: readonly number[], known: number[] = [], keep: number[] = []) => {
  const column = Float64Array.from(values);
  return { column, ...lookThroughReadings([column], known, new Set(keep)) };
};
const wave = Array.from({ length: 200 }, (_, row) => 20 + Math.sin(row));

test("a sentinel is taken for missing from three times on, and only far from all readings", () => {
  assert.deepEqual(look([...wave, -9999, -9999, -9999]).sentinels, [{ value: -9999, count: 3 }]);
  const two = look([...wave, -9999, -9999]);
  assert.deepEqual(two.sentinels, []);
  assert.deepEqual(two.far, { value: -9999, count: 2 });
  // 999 is a reading among readings up to 1100.
  const wide = Array.from({ length: 200 }, (_, row) => 900 + row);
  assert.deepEqual(look([...wide, 999, 999, 999]).sentinels, []);
  // No sentinel, so it is noted, and kept.
  const odd = look([...wave, -1234, -1234, -1234]);
  assert.deepEqual([odd.sentinels, odd.far], [[], { value: -1234, count: 3 }]);
  const kept = look([...wave, -999, -999, -999], [], [-999]);
  assert.deepEqual([kept.sentinels, kept.far], [[], undefined]);
});

test("two sentinels in one column do not hide each other", () => {
  const { sentinels, column, statistics } = look([...wave, -9999, -9999, -9999, -999, -999, -999]);
  assert.deepEqual(sentinels.map(({ value }) => value).sort(), [-999, -9999]);
  assert.equal(column.filter(Number.isNaN).length, 6);
  assert.equal(statistics.missing, 6);
});

test("what training took for missing is missing wherever it occurs", () => {
  const { column, sentinels } = look([...wave, -999], [-999]);
  assert.deepEqual(sentinels, [{ value: -999, count: 1 }]);
  assert.ok(Number.isNaN(column.at(-1)));
});

test("statistics are those of the readings that remain", () => {
  const readings = fc.array(fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -5, max: 5 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(readings, (values) => {
      const { statistics, sentinels } = look(values);
      assert.deepEqual(sentinels, []);
      const present = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
      assert.equal(statistics.missing, values.length - present.length);
      assert.equal(statistics.distinct, new Set(present).size);
      assert.equal(statistics.min, present.length === 0 ? Number.NaN : present[0]);
      assert.equal(statistics.max, present.length === 0 ? Number.NaN : present.at(-1));
      if (present.length === 0) return;
      const below = present.filter((value) => value < statistics.median).length;
      const above = present.filter((value) => value > statistics.median).length;
      assert.ok(below <= present.length / 2 && above <= present.length / 2);
    }),
  );
  assert.equal(new Set(SENTINELS).size, SENTINELS.length);
});
