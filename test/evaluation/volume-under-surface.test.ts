import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { volumeUnderPrecisionRecall } from "../../src/evaluation/volume-under-surface.js";

interface ReferenceCase {
  readonly width: number;
  readonly scores: readonly number[];
  /** A digit a row. */
  readonly labels: string;
  readonly volume: number;
}

const fixture = new URL("../../../test/fixtures/volume-under-surface/cases.json", import.meta.url);

function labelsOf(text: string): Uint8Array {
  return Uint8Array.from(text, Number);
}

test("volumes are those of the package vus", () => {
  const cases: ReferenceCase[] = JSON.parse(readFileSync(fixture, "utf8")).cases;
  assert.ok(cases.length >= 10);
  for (const { width, scores, labels, volume } of cases) {
    const found = volumeUnderPrecisionRecall(Float64Array.from(scores), labelsOf(labels), width)!;
    assert.ok(Math.abs(found - volume) < 1e-9, `${found}, not ${volume}`);
  }
});

const rows = fc.array(
  fc.record({
    score: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ noNaN: true }), fc.constant(Number.NaN)),
    label: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 1, maxLength: 80 },
);

test("it depends on the order of scores alone, and lies between 0 and 1", () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 20 }), (list, width) => {
      const labels = Uint8Array.from(list, ({ label }) => label);
      const scores = Float64Array.from(list, ({ score }) => score);
      const found = volumeUnderPrecisionRecall(scores, labels, width);
      if (!labels.includes(1)) return assert.equal(found, undefined);
      assert.ok(found! >= 0 && found! <= 1 + 1e-12);
      const distinct = [...new Set(scores)].filter((score) => !Number.isNaN(score)).sort((a, b) => a - b);
      // A row without a score counts as one with the least that there can be.
      const least = distinct.indexOf(Number.NEGATIVE_INFINITY);
      const ranks = scores.map((score) => (Number.isNaN(score) ? least : distinct.indexOf(score)));
      assert.equal(volumeUnderPrecisionRecall(ranks, labels, width), found);
    }),
  );
});

test("scores that are the widened labels reach 1 without a buffer, and a score that says nothing stays at the base rate", () => {
  const labels = labelsOf("0000011100000000000110000000");
  assert.equal(volumeUnderPrecisionRecall(Float64Array.from(labels), labels, 0), 1);
  const constant = volumeUnderPrecisionRecall(new Float64Array(28), labels, 0)!;
  assert.ok(Math.abs(constant - 5 / 28) < 1e-12);
});

test("with a buffer, a score that is early by two rows is better than one that is early by ten", () => {
  const labels = new Uint8Array(400);
  labels.fill(1, 200, 220);
  const early = (by: number) => {
    const scores = new Float64Array(400).map((_, row) => Math.sin(row) / 100);
    scores.fill(1, 200 - by, 220 - by);
    return volumeUnderPrecisionRecall(scores, labels, 20)!;
  };
  assert.ok(early(0) > early(2) && early(2) > early(10));
});
