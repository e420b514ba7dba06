import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/network/random.js";
import { DriftCounter, parseDriftState } from "../../src/scoring/drift.js";
import { describeNormal } from "../../src/scoring/drift-reference.js";
import { calibrate, driftOf, PROCESSES } from "./drift-cases.js";

for (const [name, generate] of Object.entries(PROCESSES)) {
  for (const calibrationRows of [500, 3000]) {
    test(`${name}, calibrated on ${calibrationRows} rows: at most 5 % of 200 stationary series are said to move`, () => {
      let moved = 0;
      for (let seed = 0; seed < 200; seed++) {
        const random = new Random(1000 + seed);
        const { reference, pValues } = calibrate(generate(random, calibrationRows));
        if (driftOf(pValues(generate(random, 10_000)), reference)!.moved) moved++;
      }
      assert.ok(moved <= 10, `${moved} of 200`);
    });
  }
}

test("a level that moves by a standard deviation, and stays, is told; so is where", () => {
  let moved = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const { reference, pValues } = calibrate(PROCESSES["white noise"]!(random, 3000));
    const series = PROCESSES["white noise"]!(random, 10_000).map((x, row) => (row < 6000 ? x : x + 1));
    const drift = driftOf(pValues(series), reference)!;
    if (!drift.moved) continue;
    moved++;
    assert.ok(Math.abs(drift.since! - 6000) < 600, `since ${drift.since}`);
    assert.ok(drift.share > 0.3);
  }
  assert.ok(moved >= 38, `${moved} of 40`);
});

test("an anomaly of a few rows is no drift, however large, and one that is over is none", () => {
  const moved = { few: 0, over: 0 };
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const { reference, pValues } = calibrate(PROCESSES["white noise"]!(random, 3000));
    const normal = PROCESSES["white noise"]!(random, 1600);
    const few = normal.map((x, row) => (row >= 1500 && row < 1530 ? x + 50 : x));
    if (driftOf(pValues(few), reference)!.moved) moved.few++;
    const long = PROCESSES["white noise"]!(random, 6000).map((x, row) =>
      row >= 1500 && row < 1900 ? x + 50 : x,
    );
    if (driftOf(pValues(long), reference)!.moved) moved.over++;
  }
  assert.ok(moved.few <= 7 && moved.over <= 10, JSON.stringify(moved));
});

const pValueArbitrary = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  fc.constant(Number.NaN),
);
const stream = fc.array(pValueArbitrary, { maxLength: 400 });

test("a state through JSON goes on to the same bits as all rows at once", () => {
  const reference = { blockRows: 2, blocks: 40, mean: 0.5, deviation: 0.2, correlation: 0.1 };
  fc.assert(
    fc.property(stream, fc.nat(400), fc.integer({ min: 1, max: 5 }), (pValues, cut, blockRows) => {
      const whole = new DriftCounter(blockRows);
      let resumed = new DriftCounter(blockRows);
      pValues.forEach((p, row) => {
        if (row === cut) {
          const state = parseDriftState(JSON.parse(JSON.stringify(resumed.state)), blockRows);
          assert.notEqual(state, undefined);
          resumed = new DriftCounter(blockRows, state);
        }
        whole.push(p);
        resumed.push(p);
      });
      assert.deepEqual(resumed.state, whole.state);
      assert.deepEqual(resumed.drift(reference), whole.drift(reference));
    }),
  );
});

test("under 20 blocks there is no answer, from 20 on there is, and rows without a p-value count for nothing", () => {
  const reference = { blockRows: 4, blocks: 40, mean: 0.5, deviation: 0.2, correlation: 0 };
  const counter = new DriftCounter(4);
  for (let row = 0; row < 79; row++) {
    counter.push(0.5);
    counter.push(Number.NaN);
  }
  assert.equal(counter.drift(reference), null);
  counter.push(0.04);
  assert.deepEqual(counter.drift(reference), { moved: false, since: null, pValue: 1, share: 1 / 80 });
});

test("a state grows with the logarithm of the stream, loses no block, and stays in order", () => {
  const counter = new DriftCounter(1);
  const random = new Random(3);
  let sum = 0;
  let small = 0;
  for (let row = 0; row < 200_000; row++) {
    const p = Math.floor(random.uniform() * 1024) / 1024;
    sum += p;
    if (p <= 0.05) small++;
    counter.push(p);
  }
  const { state } = counter;
  assert.ok(state.entries.length < 16 * 15 && JSON.stringify(state).length < 16_384);
  assert.equal(
    state.entries.reduce((total, entry) => total + entry.blocks, 0),
    200_000,
  );
  assert.equal(
    state.entries.reduce((total, entry) => total + entry.sum, 0),
    sum,
  );
  assert.equal(
    state.entries.reduce((total, entry) => total + entry.small, 0),
    small,
  );
  let row = 0;
  for (const entry of state.entries) {
    assert.equal(entry.row, row);
    row += entry.blocks;
  }
  assert.deepEqual(parseDriftState(structuredClone(state), 1), state);
});

test("damaged states are refused", () => {
  const counter = new DriftCounter(2);
  for (let row = 0; row < 101; row++) counter.push(0.25);
  const { state } = counter;
  const withFirst = (change: object) => ({
    ...state,
    entries: [{ ...state.entries[0], ...change }, ...state.entries.slice(1)],
  });
  assert.deepEqual(parseDriftState(structuredClone(state), 2), state);
  for (const damaged of [
    null,
    {},
    { ...state, row: -1 },
    { ...state, row: 50 },
    { ...state, entries: "many" },
    { ...state, entries: [null] },
    { ...state, entries: [...state.entries].reverse() },
    {
      ...state,
      entries: Array.from({ length: 17 }, (_, i) => ({ row: 2 * i, blocks: 1, sum: 1, small: 0 })),
    },
    withFirst({ blocks: 3 }),
    withFirst({ blocks: 0 }),
    withFirst({ sum: -1 }),
    withFirst({ sum: 9 }),
    withFirst({ sum: "1" }),
    withFirst({ small: 9 }),
    { ...state, open: undefined },
    { ...state, open: { ...state.open, count: 2 } },
    { ...state, open: { ...state.open, row: 0 } },
    { ...state, open: { ...state.open, small: 2 } },
  ]) {
    assert.equal(parseDriftState(damaged, 2), undefined, JSON.stringify(damaged));
  }
});

test("of calibration rows, blocks are counted within their parts", () => {
  const pValues = Float64Array.of(0.2, 0.4, Number.NaN, 0.6, 0.8, 0.9);
  assert.equal(describeNormal([pValues], 2), undefined, "two blocks are too few");
  const reference = describeNormal([pValues, Float64Array.of(0.1, 0.3, 0.5)], 2)!;
  const means = [0.3, 0.7, 0.2];
  const mean = (0.3 + 0.7 + 0.2) / 3;
  assert.equal(reference.blocks, 3);
  assert.ok(Math.abs(reference.mean - mean) < 1e-12);
  const squares = means.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  assert.ok(Math.abs(reference.deviation - Math.sqrt(squares / 2)) < 1e-12);
  assert.equal(reference.correlation, 0, "the two blocks of the first part deviate in opposite directions");
});

test("blocks of calibration rows may be hundreds of thousands", () => {
  const pValues = Float64Array.from(
    { length: 400_000 },
    (_, row) => (1 + ((row * 7919) % 400_000)) / 400_001,
  );
  const reference = describeNormal([pValues.subarray(0, 1000), pValues.subarray(1000)], 1)!;
  assert.equal(reference.blocks, 400_000);
  assert.deepEqual(reference.range, [1 / 400_001, 400_000 / 400_001]);
});
