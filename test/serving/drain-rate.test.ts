import assert from "node:assert/strict";
import { test } from "node:test";
import { DrainRate } from "../../src/serving/drain-rate.js";

test("before anything was measured, the least is a second", () => {
  assert.equal(new DrainRate().secondsFor(1e9), 1);
});

test("seconds follow from work over time, rounded up, from 1 to 60", () => {
  const rate = new DrainRate();
  rate.record(1000, 0, 500);
  assert.equal(rate.secondsFor(0), 1);
  assert.equal(rate.secondsFor(2000), 1);
  assert.equal(rate.secondsFor(2001), 2);
  assert.equal(rate.secondsFor(9000), 5);
  assert.equal(rate.secondsFor(1e9), 60);
});

test("runs that overlap share their time", () => {
  const rate = new DrainRate();
  rate.record(1000, 0, 1000);
  rate.record(1000, 500, 1500);
  // 0.9 x 1000 + 1000 in 0.9 x 1000 + 500 ms.
  assert.equal(rate.secondsFor(1900), 2);
  assert.equal(rate.secondsFor((1900 / 1400) * 3000), 3);
});

test("what is long ago counts less and less", () => {
  const rate = new DrainRate();
  rate.record(1, 0, 10_000);
  for (let i = 0; i < 200; i++) rate.record(1000, 20_000 + i, 20_001 + i);
  assert.equal(rate.secondsFor(900_000), 1);
});
