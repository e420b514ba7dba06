import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../../src/network/random.js";
import {
  judge,
  MAX_PAIRS,
  MIN_PAIRS,
  median,
  medianInterval,
  oldFirst,
  ratioOf,
  verdictOf,
} from "./ratios.js";

test("a ratio is the geometric mean over the cases", () => {
  const rates = (a: number, b: number) =>
    new Map([
      ["a", a],
      ["b", b],
    ]);
  assert.ok(Math.abs(ratioOf(rates(10, 1000), rates(20, 500)) - 1) < 1e-12);
  assert.ok(Math.abs(ratioOf(rates(10, 1000), rates(40, 1000)) - 2) < 1e-12);
});

test("sides with different cases, or a case without a rate, have no ratio", () => {
  const a = new Map([["a", 1]]);
  assert.throws(() => ratioOf(a, new Map([["b", 1]])), /"a" has no rate/);
  assert.throws(
    () =>
      ratioOf(
        a,
        new Map([
          ["a", 1],
          ["b", 1],
        ]),
      ),
    /different cases/,
  );
  assert.throws(() => ratioOf(a, new Map([["a", 0]])), /"a" has no rate/);
});

test("the median is a value in the middle, or the mean of two", () => {
  assert.equal(median([3, 1, 20]), 3);
  assert.equal(median([3, 1, 20, 4]), 3.5);
  assert.ok(Number.isNaN(median([])));
});

const ratios = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 1, maxLength: MAX_PAIRS });

test("the interval lies within the ratios, keeps to its seed, and moves with their scale", () => {
  fc.assert(
    fc.property(ratios, fc.integer(), (values, seed) => {
      const { low, high } = medianInterval(values, seed, 1_000);
      assert.ok(Math.min(...values) <= low && low <= high && high <= Math.max(...values));
      assert.deepEqual(medianInterval(values, seed, 1_000), { low, high });
      const doubled = medianInterval(
        values.map((value) => 2 * value),
        seed,
        1_000,
      );
      assert.deepEqual(doubled, { low: 2 * low, high: 2 * high });
    }),
    { numRuns: 10 },
  );
});

test("the interval holds the true median about as often as it says", () => {
  const random = new Random(7);
  const TRIALS = 500;
  let hits = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    // Uniform between 0.9 and 1.1, whose median is 1.
    const sample = Array.from({ length: 21 }, () => 0.9 + (0.2 * random.uint32()) / 2 ** 32);
    const { low, high } = medianInterval(sample, trial, 400);
    if (low <= 1 && 1 <= high) hits++;
  }
  assert.ok(hits / TRIALS > 0.9 && hits / TRIALS < 0.98, `${hits} of ${TRIALS}`);
});

test("the rule decides by where the interval lies and how wide it is", () => {
  for (const [low, high, pairs, verdict] of [
    [0.96, 1.01, MIN_PAIRS, "unchanged"],
    [0.96, 0.97, MIN_PAIRS, "unchanged"],
    [1.2, 1.25, MIN_PAIRS, "unchanged"],
    [0.92, 0.969, MIN_PAIRS, "slower"],
    [0.96, 1.01, MIN_PAIRS - 1, "open"],
    [0.92, 0.969, MIN_PAIRS - 1, "open"],
    [0.9, 1.1, MIN_PAIRS, "open"],
    [0.9, 1.1, MAX_PAIRS - 1, "open"],
    [0.9, 1.1, MAX_PAIRS, "undecided"],
    [0.7, 0.9, MAX_PAIRS, "undecided"],
    [0.96, 1.01, MAX_PAIRS, "unchanged"],
  ] as const) {
    assert.equal(verdictOf(low, high, pairs), verdict, `${low} to ${high}, ${pairs} pairs`);
  }
});

test("a side that is a twentieth slower is found out, and equal sides pass", () => {
  const noisy = (middle: number) =>
    Array.from({ length: MIN_PAIRS }, (_, pair) => middle * (1 + (pair - (MIN_PAIRS >> 1)) / 500));
  assert.equal(judge(noisy(0.95), 1).verdict, "slower");
  assert.equal(judge(noisy(1), 1).verdict, "unchanged");
  assert.ok(Math.abs(judge(noisy(0.95), 1).median - 0.95) < 1e-12);
});

test("each side goes first in half of the pairs, in an order by seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_PAIRS }), fc.integer(), (pairs, seed) => {
      const order = oldFirst(pairs, seed);
      assert.equal(order.length, pairs);
      assert.equal(order.filter(Boolean).length, Math.ceil(pairs / 2));
      assert.deepEqual(oldFirst(pairs, seed), order);
    }),
  );
  assert.notDeepEqual(oldFirst(MAX_PAIRS, 1), oldFirst(MAX_PAIRS, 2));
});
