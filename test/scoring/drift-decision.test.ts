import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/network/random.js";
import { normalTail, precedenceTail, studentTail } from "../../src/scoring/drift-decision.js";
import { describeNormal } from "../../src/scoring/drift-reference.js";
import { compressSample, pValue } from "../../src/scoring/thresholds.js";
import { driftOf, PROCESSES, scoresOf } from "./drift-cases.js";

/** [rows]: p-values of three stretches of rows, as forward folds of a short series give them, and of rows after those. */
function shortCalibration(
  generate: (random: Random, rows: number) => Float64Array,
  random: Random,
  shift: (row: number) => number,
) {
  const parts = [1, 2, 3].map(() => scoresOf(generate(random, 3 * 16 + 30), 16));
  const sample = compressSample(Float64Array.from(parts.flatMap((part) => [...part])), 1);
  const toPValues = (scores: Float64Array) => scores.map((score) => pValue(sample, score));
  const reference = describeNormal(parts.map(toPValues), 16)!;
  return {
    reference,
    pValues: toPValues(
      scoresOf(
        generate(random, 800).map((x, row) => x + shift(row)),
        16,
      ),
    ),
  };
}

for (const [name, generate] of Object.entries(PROCESSES)) {
  test(`${name}, calibrated on 9 blocks: a level that has left the normal range is told, and no other`, () => {
    const moved = { stays: 0, leaves: 0 };
    for (let seed = 0; seed < 100; seed++) {
      for (const [key, shift] of [
        ["stays", () => 0],
        ["leaves", () => 5],
      ] as const) {
        const { reference, pValues } = shortCalibration(generate, new Random(2000 + seed), shift);
        assert.equal(reference.blocks, 9);
        if (driftOf(pValues, reference)!.moved) moved[key]++;
      }
    }
    assert.ok(moved.stays <= 5 && moved.leaves >= 85, JSON.stringify(moved));
  });
}

for (const [name, generate] of Object.entries(PROCESSES)) {
  test(`${name}, calibrated on 9 blocks: a level that is out of the normal range for 9 of 12 blocks is told`, () => {
    let moved = 0;
    for (let seed = 0; seed < 40; seed++) {
      const comesBack = (row: number) => (row % (12 * 16) < 9 * 16 ? 5 : 0);
      const { reference, pValues } = shortCalibration(generate, new Random(3000 + seed), comesBack);
      if (driftOf(pValues, reference)!.moved) moved++;
    }
    assert.ok(moved >= 36, `${moved} of 40`);
  });
}

test("the precedence test has the probabilities of drawing without replacement", () => {
  // Of 3 + 4, the two lowest are both among the 4: 4/7 * 3/6.
  assert.equal(precedenceTail(3, 4, 2), (4 / 7) * (3 / 6));
  assert.equal(precedenceTail(3, 4, 0), 1);
  assert.ok(Math.abs(precedenceTail(5, 25, 25) - 1 / 142506) < 1e-15);
});

test("tails are those of the tables", () => {
  for (const [z, p] of [
    [0, 0.5],
    [1.644854, 0.05],
    [2.575829, 0.005],
    [4.753424, 1e-6],
  ] as const) {
    assert.ok(Math.abs(normalTail(z) / p - 1) < 1e-5, `${z}: ${normalTail(z)}`);
  }
  for (const [t, freedom, p] of [
    [0, 5, 0.5],
    [9.924843, 2, 0.005],
    [4.604095, 4, 0.005],
    [3.169273, 10, 0.005],
    [2.042272, 30, 0.025],
  ] as const) {
    const ratio = studentTail(t, freedom) / p;
    assert.ok(ratio > 0.999 && ratio < 1 + 1 / freedom ** 1.5, `${t}, ${freedom}: ${ratio}`);
  }
});
