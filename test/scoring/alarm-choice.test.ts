import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/network/random.js";
import {
  alarmRuleFor,
  calibrateAlarms,
  endValueFor,
  fewestEventsPerRow,
} from "../../src/scoring/alarm-choice.js";
import { countAlarms } from "./whole-alarms.js";

/** Scores as a model gives them: squares of noise, averaged over `timesteps` rows. */
function normalScores(rows: number, timesteps: number, seed: number): Float64Array {
  const random = new Random(seed);
  const squares = Float64Array.from({ length: rows + timesteps }, () => random.normal() ** 2);
  let sum = squares.subarray(0, timesteps).reduce((a, b) => a + b, 0);
  return Float64Array.from({ length: rows }, (_, row) => {
    sum += squares[row + timesteps]! - squares[row]!;
    return sum / timesteps;
  });
}

test("asked for a false alarm in 500 rows, rows to come have about as many, and no more on the average", () => {
  const asked = 1 / 500;
  let realised = 0;
  const repeats = 20;
  for (let seed = 0; seed < repeats; seed++) {
    const parts = [0, 1, 2].map((part) => normalScores(4000, 16, 1000 * seed + part));
    const rule = alarmRuleFor(calibrateAlarms(parts, 16, asked), asked);
    realised += countAlarms([normalScores(20_000, 16, 1000 * seed + 9)], rule) / 20_000 / repeats;
  }
  assert.ok(realised > 0.7 * asked && realised < 1.1 * asked, `${realised * 500} in 500 rows`);
});

test("on the calibration rows, one event more would still be within the rate, and with less threshold it would not", () => {
  for (let seed = 0; seed < 5; seed++) {
    const parts = [normalScores(3000, 8, seed), normalScores(2000, 8, seed + 100)];
    const calibration = calibrateAlarms(parts, 8, 0.002);
    const rule = alarmRuleFor(calibration, 0.002);
    assert.ok(1 + countAlarms(parts, rule) <= 0.002 * 5000);
    const lower = calibration.table.find(([threshold]) => threshold < rule.threshold)!;
    assert.ok(1 + lower[1] > 0.002 * 5000);
  }
});

test("the table goes down in thresholds and never down in events, and begins without any", () => {
  const { table, normal } = calibrateAlarms([normalScores(5000, 16, 4)], 16, 0.001);
  assert.equal(table[0]![1], 0);
  assert.ok(table.length <= 512);
  for (let i = 1; i < table.length; i++) {
    assert.ok(table[i]![0] < table[i - 1]![0]);
    assert.ok(table[i]![1] >= table[i - 1]![1]);
  }
  assert.ok(normal.median < normal.upper);
});

test("short spikes of normal scores are waited out; without them an event begins at once", () => {
  const smooth = normalScores(6000, 32, 1);
  assert.deepEqual(pick(calibrateAlarms([smooth], 32, 0.001)), { k: 1, n: 1 });
  const random = new Random(5);
  const spiky = smooth.map((score) => (random.uniform() < 0.01 ? score + 10 : score));
  const waited = calibrateAlarms([spiky], 32, 0.001);
  assert.ok(waited.k > 1);
  const { threshold } = alarmRuleFor(waited, 0.001);
  assert.ok(threshold < 5, `${threshold} is below the spikes`);
  assert.deepEqual(pick(calibrateAlarms([spiky], 4, 0.001)), { k: 1, n: 1 }, "no room in a window of 4");
});

function pick({ k, n }: { k: number; n: number }): { k: number; n: number } {
  return { k, n };
}

test("an event ends between the normal range and the threshold", () => {
  assert.equal(endValueFor(10, { median: 2, upper: 3 }), 6);
  assert.equal(endValueFor(10, { median: 2, upper: 8 }), 8);
  assert.equal(endValueFor(10, { median: 2, upper: 12 }), 10);
});

test("a rate below one event in all calibration rows is refused with the smallest there is", () => {
  const calibration = calibrateAlarms([normalScores(1000, 8, 2)], 8, 0.001);
  assert.equal(fewestEventsPerRow(calibration), 0.001);
  const highest = calibration.table[0]![0];
  assert.ok(alarmRuleFor(calibration, 0.001).threshold <= highest);
  assert.throws(() => alarmRuleFor(calibration, 0.0005), {
    code: "UNSUPPORTED_BY_MODEL",
    message: /One event in 2000 rows .* 1000 normal rows .* one in 1000 rows/,
  });
  assert.throws(() => calibrateAlarms([Float64Array.of(Number.NaN)], 8, 0.1), /no score of normal rows/);
});

test("events do not cross from one part into another", () => {
  const rule = { threshold: 1, endValue: 1, k: 1, n: 1 };
  assert.equal(countAlarms([Float64Array.of(0, 2), Float64Array.of(2, 0)], rule), 2);
  assert.equal(countAlarms([Float64Array.of(0, 2, 2, 0)], rule), 1);
});
