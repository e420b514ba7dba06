import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError, ResiduaError } from "../../src/errors.js";
import { decodeCalibration, encodeCalibration } from "../../src/scoring/calibration-file.js";
import {
  type CalibrationSample,
  compressSample,
  conformalThreshold,
  EXACT_TAIL,
  MAX_KEPT,
  pValue,
  sampleQuantile,
  smallestFalseAlarmRate,
} from "../../src/scoring/thresholds.js";

/** Few distinct values, so that ties are common. */
const scores = fc.array(
  fc.integer({ min: 0, max: 40 }).map((i) => i / 8),
  { minLength: 1, maxLength: 80 },
);
const rate = fc.double({ min: 0.001, max: 0.999, noNaN: true });

const exactPValue = (all: readonly number[], score: number): number =>
  (1 + all.filter((s) => s >= score).length) / (all.length + 1);

/** A reproducible sample too large to be kept whole. */
const manyScores = (seed: number, n: number, levels: number): number[] => {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) ** 3 * levels);
  });
};

test("a p-value is (1 + calibration scores >= score) / (n + 1)", () => {
  fc.assert(
    fc.property(scores, fc.integer({ min: -1, max: 41 }), (all, i) => {
      const sample = compressSample(Float64Array.from(all), 3);
      assert.equal(sample.n, all.length);
      assert.equal(pValue(sample, i / 8), exactPValue(all, i / 8));
    }),
  );
});

test("exactly what is above the threshold has a p-value within the rate", () => {
  fc.assert(
    fc.property(scores, rate, fc.integer({ min: -1, max: 42 }), (all, falseAlarmRate, i) => {
      const sample = compressSample(Float64Array.from(all), 1);
      if (falseAlarmRate < smallestFalseAlarmRate(sample)) return;
      const threshold = conformalThreshold(sample, falseAlarmRate);
      assert.equal(i / 8 > threshold, pValue(sample, i / 8) <= falseAlarmRate);
      assert.ok(pValue(sample, threshold) > falseAlarmRate);
    }),
  );
});

test("1/(n + 1) is the smallest rate; below it a sentence names it, and the rate it names is taken", () => {
  fc.assert(
    fc.property(scores, (all) => {
      const sample = compressSample(Float64Array.from(all), 1);
      const smallest = smallestFalseAlarmRate(sample);
      assert.equal(smallest, 1 / (all.length + 1));
      assert.equal(conformalThreshold(sample, smallest), Math.max(...all));
      assert.throws(
        () => conformalThreshold(sample, smallest * 0.999),
        (error) => {
          assert.ok(error instanceof ResiduaError && error.code === "UNSUPPORTED_BY_MODEL");
          const named = Number(/1\/(\d+) \((.+)\)/.exec(error.message)![2]);
          assert.ok(named < smallest * 1.01);
          assert.equal(conformalThreshold(sample, named), Math.max(...all));
          return true;
        },
      );
    }),
  );
});

test("a large sample is thinned: exact in the upper tail, never too small a p-value below it", () => {
  for (const [n, levels] of [
    [MAX_KEPT, 1e9],
    [MAX_KEPT + 1, 1e9],
    [20_000, 1e9],
    [20_000, 300],
    [50_001, 12],
  ] as const) {
    const all = manyScores(n, n, levels);
    const sample = compressSample(Float64Array.from(all), 100);
    assert.ok(sample.values.length <= MAX_KEPT);
    const sorted = Float64Array.from(all).sort();
    const atLeast = (score: number): number => {
      let low = 0;
      for (let high = n; low < high; ) {
        const middle = (low + high) >>> 1;
        if (sorted[middle]! >= score) high = middle;
        else low = middle + 1;
      }
      return n - low;
    };
    const group = Math.ceil((n - EXACT_TAIL) / (MAX_KEPT - EXACT_TAIL));
    for (let i = 0; i < n; i += 7) {
      for (const score of [sorted[i]!, sorted[i]! + 0.5]) {
        const exact = (1 + atLeast(score)) / (n + 1);
        const p = pValue(sample, score);
        if (atLeast(score) < EXACT_TAIL || n <= MAX_KEPT) assert.equal(p, exact);
        assert.ok(p >= exact && p <= exact + group / (n + 1), `${p} for ${exact}`);
      }
    }
    for (const falseAlarmRate of [1 / (n + 1), 0.001, 0.01, 0.2, 0.9]) {
      const threshold = conformalThreshold(sample, falseAlarmRate);
      assert.ok(pValue(sample, threshold) > falseAlarmRate);
      assert.ok(pValue(sample, threshold + 1e-9 * Math.max(1, threshold)) <= falseAlarmRate);
    }
  }
});

test("windows without a score are left out, and nothing is calibrated on nothing", () => {
  const sample = compressSample(Float64Array.from([2, Number.NaN, 1]), 5);
  assert.deepEqual(
    { ...sample, values: [...sample.values] },
    {
      n: 2,
      blocks: 2,
      values: [1, 2],
      atLeast: Uint32Array.from([2, 1]),
    },
  );
  assert.throws(() => compressSample(Float64Array.from([Number.NaN]), 1), InputError);
  assert.throws(() => compressSample(Float64Array.from([1, Number.POSITIVE_INFINITY]), 1), InputError);
  assert.ok(Number.isNaN(pValue(sample, Number.NaN)));
  assert.throws(() => conformalThreshold(sample, 1), InputError);
  assert.throws(() => conformalThreshold(sample, Number.NaN), ResiduaError);
});

const sampleOf = (all: readonly number[]): CalibrationSample => compressSample(Float64Array.from(all), 2);

test("calibration.bin reads back as it was written", () => {
  fc.assert(
    fc.property(scores, scores, fc.boolean(), fc.boolean(), (a, b, squared, absolute) => {
      const calibration = {
        ...(squared ? { squared: { windows: sampleOf(a), timesteps: sampleOf(b) } } : {}),
        ...(absolute ? { absolute: { windows: sampleOf(b), timesteps: sampleOf(a) } } : {}),
      };
      const bytes = encodeCalibration(calibration);
      assert.deepEqual(decodeCalibration(bytes), calibration);
      // Also where it stands at an odd place of a larger buffer.
      const within = new Uint8Array(bytes.length + 3);
      within.set(bytes, 3);
      assert.deepEqual(decodeCalibration(within.subarray(3)), calibration);
    }),
  );
  const large = sampleOf(manyScores(1, 30_000, 1e6));
  const calibration = { squared: { windows: large, timesteps: sampleOf([1]) } };
  assert.deepEqual(decodeCalibration(encodeCalibration(calibration)), calibration);
});

test("a quantile is the smallest kept score that the share does not exceed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (scores, share) => {
        const found = sampleQuantile(sampleOf(scores), share);
        const atMost = (limit: number) => scores.filter((score) => score <= limit).length;
        assert.ok(scores.includes(found) && atMost(found) >= share * scores.length);
        for (const score of scores) if (score < found) assert.ok(atMost(score) < share * scores.length);
      },
    ),
  );
  const large = sampleOf(manyScores(1, 30_000, 1e6));
  const sorted = Float64Array.from(manyScores(1, 30_000, 1e6)).sort();
  // Below the exact tail, by less than one group of about 14 scores.
  for (const share of [0, 0.1, 0.5, 0.9, 0.95, 0.999, 1]) {
    const wanted = Math.max(1, Math.ceil(share * 30_000));
    const found = sampleQuantile(large, share);
    assert.ok(found >= sorted[wanted - 1]! && found <= sorted[Math.min(wanted + 14, 29_999)]!, `${share}`);
  }
});

test("damaged bytes are refused with a sentence, or still decode to a sound sample", () => {
  const bytes = encodeCalibration({
    squared: { windows: sampleOf([1, 2, 3, 3]), timesteps: sampleOf([0, 5]) },
  });
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeCalibration(bytes.subarray(0, length)), InputError);
  }
  assert.throws(() => decodeCalibration(Uint8Array.from([...bytes, 0])), /1 bytes too many/);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      try {
        const sample = decodeCalibration(damaged).squared?.windows;
        if (sample === undefined) return;
        assert.deepEqual(sample.values, sample.values.slice().sort());
        assert.equal(sample.atLeast[0], sample.n);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("what decode refuses it names", () => {
  const good = encodeCalibration({ squared: { windows: sampleOf([1, 2]), timesteps: sampleOf([1]) } });
  const change = (at: number, value: number, float = false): Uint8Array => {
    const bytes = good.slice();
    const view = new DataView(bytes.buffer);
    if (float) view.setFloat64(at, value, true);
    else view.setUint32(at, value, true);
    return bytes;
  };
  const refused = (bytes: Uint8Array, reason: RegExp): void => {
    assert.throws(() => decodeCalibration(bytes), reason);
  };
  refused(change(0, 0), /does not begin with RSDC/);
  refused(change(4, 2), /has version 2, not 1/);
  refused(change(8, 1), /too many/);
  refused(change(12, 9), /unknown or repeated sample 9/);
  refused(change(12, 1), /unknown or repeated sample 1/);
  refused(change(12, 2), /only one of the two samples of scorer squared/);
  refused(change(16, 7), /counts that do not add up/);
  refused(change(20, 0), /0 blocks of 2/);
  refused(change(24, 5000), /keeps 5000 scores/);
  refused(change(24, 0), /do not add up|unknown/);
  refused(change(28, Number.NaN, true), /not finite/);
  refused(change(28, 3, true), /out of order/);
  refused(change(44, 3), /counts that do not add up/);
});
