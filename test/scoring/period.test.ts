import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/network/random.js";
import { autocorrelation, chooseWindowLength, findPeriod } from "../../src/scoring/period.js";

function noise(rows: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: rows }, () => random.normal());
}

function daily(rows: number, period: number, seed: number): Float64Array {
  return noise(rows, seed).map((x, row) => Math.sin((2 * Math.PI * row) / period) + 0.2 * x);
}

test("a noisy sine has its period, and a window is a multiple of it from 32 rows on", () => {
  fc.assert(
    fc.property(fc.integer({ min: 12, max: 280 }), fc.integer({ min: 0, max: 1000 }), (period, seed) => {
      const series = daily(3000, period, seed);
      const found = findPeriod([series])!;
      // Noise moves the top of a flat peak by a few hundredths of a period.
      assert.ok(Math.abs(found - period) <= Math.max(1, 0.06 * period), `${found} for ${period}`);
      const { timesteps, reason } = chooseWindowLength([series], ["value"]);
      const repeats = Math.ceil(32 / found);
      assert.equal(timesteps, repeats * found);
      assert.equal(reason, `${timesteps} = ${repeats} x ${found}: the strongest period of \`value\``);
    }),
    { numRuns: 50, seed: 1 },
  );
});

test("of a daily and a weekly pattern, the weekly is the period where the days of a week differ", () => {
  const load = noise(4380, 3).map((x, row) => {
    const day = Math.floor(row / 12) % 7;
    return (day < 5 ? 1 : 0.3) * (1 + Math.sin((2 * Math.PI * row) / 12)) + 0.05 * x;
  });
  assert.deepEqual(chooseWindowLength([load], ["load"]), {
    timesteps: 84,
    period: 84,
    reason: "84 = 1 x 84: the strongest period of `load`",
  });
});

test("white noise and a random walk have no period", () => {
  for (let seed = 0; seed < 50; seed++) {
    const white = noise(2000, seed);
    assert.equal(findPeriod([white]), undefined, `white noise, seed ${seed}`);
    assert.equal(chooseWindowLength([white], ["x"]).reason, "64: no period was found");
  }
  for (let seed = 0; seed < 200; seed++) {
    assert.equal(findPeriod([noise(150, seed)]), undefined, `few rows of white noise, seed ${seed}`);
  }
  const trend = noise(2000, 7).map((x, row) => row / 50 + x);
  assert.equal(findPeriod([trend]), undefined);
  assert.equal(findPeriod([new Float64Array(500).fill(3)]), undefined, "constant");
  assert.equal(findPeriod([new Float64Array(500).fill(Number.NaN)]), undefined, "nothing there");
  assert.equal(findPeriod([]), undefined);
});

test("missing readings and gaps between runs leave the period as it is", () => {
  const series = daily(4000, 96, 5);
  const random = new Random(9);
  const holed = series.map((x) => (random.uniform() < 0.3 ? Number.NaN : x));
  assert.ok(Math.abs(findPeriod([holed])! - 96) <= 2);
  const runs = [series.subarray(0, 1000), series.subarray(1037, 2500), series.subarray(2611)];
  assert.ok(Math.abs(findPeriod(runs)! - 96) <= 2);
});

test("without missing readings it is the autocorrelation divided by 1 - lag / n", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 8, maxLength: 40 }), (list) => {
      const n = list.length;
      const mean = list.reduce((a, b) => a + b, 0) / n;
      const at = (lag: number) => {
        let sum = 0;
        for (let i = 0; i + lag < n; i++) sum += (list[i]! - mean) * (list[i + lag]! - mean);
        return sum;
      };
      const found = autocorrelation([Float64Array.from(list)], 5);
      for (let lag = 0; lag <= 5; lag++) {
        const wanted = at(0) === 0 ? 0 : at(lag) / at(0) / (1 - lag / n);
        assert.ok(Math.abs(found[lag]! - wanted) < 1e-9);
      }
    }),
  );
});

test("a missing reading takes its pairs with it, and a pair never crosses from one run into another", () => {
  const { NaN: missing } = Number;
  // About the mean 0: pairs one row apart are (1, -1), (-1, 1) and, in the second run, (3, -3).
  const found = autocorrelation([Float64Array.of(1, -1, 1, missing, -1), Float64Array.of(3, -3)], 1);
  assert.deepEqual([...found], [1, (-1 - 1 - 9) / 3 / ((4 + 18) / 6)]);
});

test("the length by size, and never too long for the rows there are", () => {
  const length = (rows: number, features: number) =>
    chooseWindowLength(
      [noise(rows * features, rows)],
      Array.from({ length: features }, (_, i) => `c${i}`),
    );
  assert.deepEqual(length(400, 8), {
    timesteps: 16,
    period: undefined,
    reason: "16: there are only 400 normal rows",
  });
  assert.equal(length(5000, 8).reason, "32: there are 8 features");
  assert.equal(length(1250, 1).reason, "50: no period was found, and there are only 1,250 normal rows");
  assert.equal(length(100, 2).timesteps, 8);
  assert.equal(length(45, 2).timesteps, 6, "0.2 / 1.5 of the rows");
  assert.equal(length(3, 2).timesteps, 1);
  const long = chooseWindowLength([daily(900, 200, 1)], ["v"]);
  assert.equal(long.timesteps, 120);
  assert.match(long.reason, /^120: the period of `v` would be (19|20)\d rows, too many for 900 normal rows$/);
});

test("a window fits twice into the run that the middle row lies in", () => {
  const runs = Array.from({ length: 100 }, (_, i) => noise(40, i));
  assert.equal(chooseWindowLength(runs, ["x"]).timesteps, 20);
});

test("of a million rows, the first 200,000 are searched", () => {
  const series = daily(1_000_000, 288, 2);
  series.set(daily(800_000, 50, 3), 200_000);
  assert.ok(Math.abs(findPeriod([series])! - 288) <= 3);
});
