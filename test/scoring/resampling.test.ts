import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { AGGREGATES, type Aggregate, resampleRows } from "../../src/scoring/resampling.js";

const reading = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constant(Number.NaN));
const rows = fc.record({
  readings: fc.array(fc.tuple(fc.integer({ min: 0, max: 70 }), reading, reading), {
    minLength: 1,
    maxLength: 50,
  }),
  start: fc.integer({ min: -500, max: 500 }),
  stepMs: fc.integer({ min: 1, max: 40 }),
  aggregate: fc.constantFrom(...AGGREGATES),
  maxGapMs: fc.integer({ min: 1, max: 200 }),
});

/** As a person would define it: sort, pick or add up. */
function aggregated(kind: Aggregate, readings: readonly number[]): number {
  const values = readings.filter((value) => !Number.isNaN(value));
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  if (kind === "min") return sorted[0]!;
  if (kind === "max") return sorted.at(-1)!;
  if (kind === "last") return values.at(-1)!;
  if (kind === "mean") return values.reduce((sum, value) => sum + value, 0) / values.length;
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

test("a row holds the aggregate of the readings in its span, spans are one step apart but at gaps", () => {
  fc.assert(
    fc.property(rows, ({ readings, start, stepMs, aggregate, maxGapMs }) => {
      let time = start;
      const timestampsMs = Float64Array.from(readings, ([step]) => (time += step));
      const values = Float64Array.from(readings.flatMap(([, a, b]) => [a, b]));
      const given = { values, timestampsMs };
      const result = resampleRows(given, 2, { stepMs, aggregate }, maxGapMs, 100_000);
      for (let row = 0; row < result.rows; row++) {
        const from = result.timestampsMs[row]!;
        assert.ok(from % stepMs === 0);
        const inside = readings.filter(
          (_, i) => timestampsMs[i]! >= from && timestampsMs[i]! < from + stepMs,
        );
        for (const feature of [0, 1] as const) {
          const expected = aggregated(
            aggregate,
            inside.map((one) => one[feature + 1]!),
          );
          const actual = result.values[row * 2 + feature]!;
          if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual));
          else assert.ok(Math.abs(actual - expected) <= 1e-9, `${actual} for ${expected}`);
        }
        if (row === 0) continue;
        const step = from - result.timestampsMs[row - 1]!;
        assert.ok(step === stepMs || step > maxGapMs, `${step} with a longest gap of ${maxGapMs}`);
      }
      result.rowOf.forEach((row, i) => {
        const from = result.timestampsMs[row]!;
        assert.ok(timestampsMs[i]! >= from && timestampsMs[i]! < from + stepMs);
      });
    }),
  );
});

test("rows that are one step apart already stay as they are, whatever the aggregate", () => {
  const timestampsMs = Float64Array.from({ length: 20 }, (_, row) => 1_700_000_000_000 + row * 60_000);
  const start = timestampsMs.map((ms) => ms - (ms % 60_000));
  const values = Float64Array.from(timestampsMs, (_, row) => 1e15 + row);
  for (const aggregate of AGGREGATES) {
    const same = resampleRows({ values, timestampsMs }, 1, { stepMs: 60_000, aggregate }, 1e9, 100);
    assert.deepEqual(same.values, values);
    assert.deepEqual(same.timestampsMs, start);
  }
});

test("the mean of large readings keeps its digits, and does not overflow", () => {
  const timestampsMs = Float64Array.from([0, 1, 2]);
  const mean = (values: number[]) =>
    resampleRows(
      { values: Float64Array.from(values), timestampsMs },
      1,
      { stepMs: 10, aggregate: "mean" },
      100,
      10,
    ).values[0]!;
  assert.equal(mean([1e15, 1e15 + 3, 1e15 + 6]), 1e15 + 3);
  assert.ok(Math.abs(mean([1.7e308, -1.7e308, 1.7e308]) / 1.7e308 - 1 / 3) < 1e-9);
});

test("more rows than may be are refused before they are made", () => {
  const given = { values: Float64Array.from([1, 2]), timestampsMs: Float64Array.from([0, 1e12]) };
  assert.throws(
    () => resampleRows(given, 1, { stepMs: 1, aggregate: "mean" }, 1e13, 1000),
    (error: unknown) => error instanceof InputError && /gives more than 1000 rows/.test(error.message),
  );
});
