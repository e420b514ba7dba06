import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addCounts, auroc, averagePrecision, countStretch, ratesOf } from "../../src/evaluation/metrics.js";

interface Row {
  readonly score: number;
  readonly label: number;
}

/** Few different scores, so that many rows tie. */
const rows = fc.array(
  fc.record({
    score: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ noNaN: true }), fc.constant(Number.NaN)),
    label: fc.integer({ min: 0, max: 1 }),
  }),
  { maxLength: 60 },
);

function columns(list: readonly Row[]): [Float64Array, Uint8Array] {
  return [Float64Array.from(list, ({ score }) => score), Uint8Array.from(list, ({ label }) => label)];
}

function rankOf({ score }: Row): number {
  return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
}

test("AUROC is the share of pairs in the right order, ties half", () => {
  fc.assert(
    fc.property(rows, (list) => {
      const anomalous = list.filter(({ label }) => label === 1).map(rankOf);
      const normal = list.filter(({ label }) => label === 0).map(rankOf);
      const found = auroc(...columns(list));
      if (anomalous.length === 0 || normal.length === 0) return assert.equal(found, undefined);
      let wins = 0;
      for (const a of anomalous) for (const b of normal) wins += a > b ? 1 : a === b ? 0.5 : 0;
      assert.ok(Math.abs(found! - wins / anomalous.length / normal.length) < 1e-12);
    }),
  );
});

test("average precision is precision weighted by the recall each threshold adds", () => {
  fc.assert(
    fc.property(rows, (list) => {
      const total = list.filter(({ label }) => label === 1).length;
      const found = averagePrecision(...columns(list));
      if (total === 0) return assert.equal(found, undefined);
      let area = 0;
      let recallBefore = 0;
      for (const threshold of [...new Set(list.map(rankOf))].sort((a, b) => (a < b ? 1 : -1))) {
        const flagged = list.filter((row) => rankOf(row) >= threshold);
        const hits = flagged.filter(({ label }) => label === 1).length;
        area += (hits / total - recallBefore) * (hits / flagged.length);
        recallBefore = hits / total;
      }
      assert.ok(Math.abs(found! - area) < 1e-12);
    }),
  );
});

test("known values: perfect, reversed, and one score for all", () => {
  const labels = Uint8Array.of(0, 0, 0, 1);
  assert.equal(auroc(Float64Array.of(1, 2, 3, 4), labels), 1);
  assert.equal(auroc(Float64Array.of(4, 3, 2, 1), labels), 0);
  assert.equal(auroc(Float64Array.of(7, 7, 7, 7), labels), 0.5);
  assert.equal(averagePrecision(Float64Array.of(1, 2, 3, 4), labels), 1);
  assert.equal(averagePrecision(Float64Array.of(4, 3, 2, 1), labels), 0.25);
  assert.equal(averagePrecision(Float64Array.of(7, 7, 7, 7), labels), 0.25);
});

test("rows and events are counted apart, and nothing is adjusted", () => {
  const digits = (text: string) => Uint8Array.from(text, Number);
  const counts = countStretch(
    digits("0011110001100111"),
    digits("1101000110000111"),
    digits("1111110111111000"),
  );
  assert.deepEqual(counts, {
    hits: 1,
    misses: 5,
    falseAlarmRows: 4,
    quietRows: 2,
    // The last labelled run has no counted row; the second is missed.
    events: 2,
    eventsFound: 1,
    falseAlarms: 2,
  });
  const { precision, recall, f1, falseAlarmRate } = ratesOf(counts);
  assert.deepEqual([precision, recall, falseAlarmRate], [1 / 5, 1 / 6, 4 / 6]);
  assert.ok(Math.abs(f1! - 2 / (5 + 6)) < 1e-12);
});

test("every counted row is in one cell; counts of two stretches add up", () => {
  const bits = fc.array(
    fc.record({
      label: fc.integer({ min: 0, max: 1 }),
      flag: fc.integer({ min: 0, max: 1 }),
      counted: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 40 },
  );
  const count = (list: readonly { label: number; flag: number; counted: number }[]) =>
    countStretch(
      Uint8Array.from(list, ({ label }) => label),
      Uint8Array.from(list, ({ flag }) => flag),
      Uint8Array.from(list, ({ counted }) => counted),
    );
  fc.assert(
    fc.property(bits, bits, (a, b) => {
      const { hits, misses, falseAlarmRows, quietRows, events, eventsFound } = count(a);
      assert.equal(
        hits + misses + falseAlarmRows + quietRows,
        a.filter(({ counted }) => counted === 1).length,
      );
      assert.ok(eventsFound <= events && events <= hits + misses && hits > 0 === eventsFound > 0);
      // A row that is normal, quiet and counted between them keeps the runs of both apart.
      const border = { label: 0, flag: 0, counted: 1 };
      assert.deepEqual(
        count([...a, border, ...b]),
        addCounts(addCounts(count(a), count([border])), count(b)),
      );
    }),
  );
});

test("there is no rate of nothing", () => {
  const quiet = countStretch(Uint8Array.of(0, 0), Uint8Array.of(0, 0), Uint8Array.of(1, 1));
  assert.deepEqual(ratesOf(quiet), {
    precision: undefined,
    recall: undefined,
    f1: undefined,
    falseAlarmRate: 0,
  });
});
