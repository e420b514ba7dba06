import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  falseAlarmsAt,
  rateOf,
  ScoreScale,
  thresholdForAlarms,
  thresholdOf,
} from "../../src/dashboard/threshold-scale.js";
import { compressSample, conformalThreshold, pValue, sampleQuantile } from "../../src/scoring/thresholds.js";

const SHARES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1];

/** What the service says of a sample, and the sample. */
const sample = fc
  .array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 30, maxLength: 300 })
  .map((scores) => {
    const full = compressSample(Float64Array.from(scores), 10);
    const quantiles = SHARES.map((share) => [share, sampleQuantile(full, share)] as const);
    return { full, described: { n: full.n, blocks: full.blocks, quantiles } };
  });

test("with the p-values of scores, a rate's threshold gives the verdicts that the service gives by that rate", () => {
  fc.assert(
    fc.property(
      sample,
      fc.array(fc.double({ min: 0, max: 2000, noNaN: true }), { maxLength: 50 }),
      fc.double({ min: 0.05, max: 0.9, noNaN: true }),
      ({ full, described }, scores, rate) => {
        const score = Float64Array.from(scores);
        const threshold = thresholdOf(described, rate, {
          score,
          pValue: score.map((own) => pValue(full, own)),
        });
        const exact = conformalThreshold(full, rate);
        assert.deepEqual(
          scores.map((own) => own > threshold),
          scores.map((own) => own > exact),
        );
      },
    ),
  );
});

test("a higher threshold never has a higher rate, and at a quantile the rate is that of the quantile", () => {
  fc.assert(
    fc.property(
      sample,
      fc.double({ min: 0, max: 1200, noNaN: true }),
      fc.double({ min: 0, max: 1200, noNaN: true }),
      ({ described }, a, b) => {
        assert.ok(rateOf(described, Math.max(a, b)) <= rateOf(described, Math.min(a, b)) + 1e-12);
      },
    ),
  );
  const quantiles = [
    [0, 1],
    [0.5, 2],
    [0.9, 3],
    [0.99, 4],
    [1, 9],
  ] as const;
  const own = { n: 999, blocks: 9, quantiles };
  assert.ok(Math.abs(rateOf(own, 3) - 0.1) < 1e-12);
  assert.ok(Math.abs(rateOf(own, 4) - 0.01) < 1e-12);
  assert.equal(rateOf(own, 20), 1 / 1000);
});

test("alarms lie between the counts of the table, and the threshold for so many has no more", () => {
  const table = [
    [10, 0],
    [8, 1],
    [5, 4],
    [2, 20],
  ] as const;
  assert.equal(falseAlarmsAt(table, 11), 0);
  assert.equal(falseAlarmsAt(table, 8), 1);
  assert.equal(falseAlarmsAt(table, 6.5), 2.5);
  assert.equal(falseAlarmsAt(table, 1), 20);
  assert.equal(thresholdForAlarms(table, 3), 8);
  assert.equal(thresholdForAlarms(table, 100), 2);
  assert.ok(thresholdForAlarms([[10, 2]], 1) > 10);
});

test("a slider's place and its score are each other's inverse, and every score is counted", () => {
  const values = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (scores, place) => {
      const scale = new ScoreScale([...scores, Number.NaN, Number.POSITIVE_INFINITY]);
      assert.ok(Math.abs(scale.placeOf(scale.valueAt(place)) - place) < 1e-6);
      const counts = scale.histogram(Float64Array.from([...scores, Number.NaN]), 20);
      assert.equal(
        counts.reduce((a, b) => a + b, 0),
        scores.length,
      );
    }),
  );
  assert.equal(new ScoreScale([0, 1e-9, 100]).isLogarithmic, true);
  assert.equal(new ScoreScale([-1, 5]).isLogarithmic, false);
});
