import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AlarmDetector, type AlarmEvent, type AlarmRule, parseAlarmState } from "../../src/scoring/alarms.js";
import { findAlarms } from "./whole-alarms.js";

const scores = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.constant(Number.NaN)),
  { maxLength: 80 },
);
const rules: fc.Arbitrary<AlarmRule> = fc
  .record({
    threshold: fc.integer({ min: 0, max: 9 }),
    below: fc.integer({ min: 0, max: 5 }),
    n: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(32)),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ threshold, below, n, part }) => ({
    threshold,
    endValue: threshold - below,
    n,
    k: Math.max(1, Math.round(part * n)),
  }));

/** The definition, row by row, with all scores at hand. */
function slowly(list: readonly number[], { threshold, endValue, k, n }: AlarmRule): AlarmEvent[] {
  const events: AlarmEvent[] = [];
  const rowsAbove = (from: number, to: number, value: number) =>
    list.flatMap((score, row) => (row >= from && row <= to && score > value ? [row] : []));
  let free = 0;
  for (let row = 0; row < list.length; row++) {
    const beginning = rowsAbove(Math.max(free, row - n + 1), row, threshold);
    if (beginning.length < k) continue;
    const start = beginning[0]!;
    let last = row;
    while (last + 1 < list.length) {
      const kept = rowsAbove(Math.max(free, last + 1 - n + 1), last + 1, endValue);
      if (kept.length < k) break;
      last++;
    }
    const inside = rowsAbove(start, last, endValue);
    const peak = inside.reduce((best, one) => (list[one]! > list[best]! ? one : best));
    events.push({ start, end: inside.at(-1)!, peak, score: list[peak]! });
    free = last + 2;
    row = last + 1;
  }
  return events;
}

test("events are those of the definition", () => {
  fc.assert(
    fc.property(scores, rules, (list, rule) => {
      assert.deepEqual(findAlarms(Float64Array.from(list), rule), slowly(list, rule));
    }),
    { numRuns: 1000 },
  );
});

test("k of n = 1 of 1 without hysteresis: events are the runs above the threshold", () => {
  const list = Float64Array.of(1, 5, 7, 2, 5, 5, Number.NaN, 5);
  assert.deepEqual(findAlarms(list, { threshold: 4, endValue: 4, k: 1, n: 1 }), [
    { start: 1, end: 2, peak: 2, score: 7 },
    { start: 4, end: 5, peak: 4, score: 5 },
    { start: 7, end: 7, peak: 7, score: 5 },
  ]);
  assert.deepEqual(findAlarms(list, { threshold: 4, endValue: 1, k: 1, n: 1 }), [
    { start: 1, end: 5, peak: 2, score: 7 },
    { start: 7, end: 7, peak: 7, score: 5 },
  ]);
});

test("events do not overlap, their ends are above the end value, and each holds k timesteps above the threshold", () => {
  fc.assert(
    fc.property(scores, rules, (list, rule) => {
      let before = -1;
      for (const { start, end, peak, score } of findAlarms(Float64Array.from(list), rule)) {
        assert.ok(start > before);
        before = end;
        assert.ok(list[start]! > rule.threshold && list[end]! > rule.endValue);
        const rows = list.slice(start, end + 1);
        assert.ok(rows.filter((one) => one > rule.threshold).length >= rule.k);
        assert.equal(score, list[peak]);
        assert.equal(score, Math.max(...rows.filter((one) => !Number.isNaN(one))));
      }
    }),
  );
});

test("a state through JSON goes on as if it had never stopped", () => {
  fc.assert(
    fc.property(scores, rules, fc.nat(80), (list, rule, cut) => {
      const whole = new AlarmDetector(rule);
      let resumed = new AlarmDetector(rule);
      list.forEach((score, row) => {
        if (row === cut) {
          const state = parseAlarmState(JSON.parse(JSON.stringify(resumed.state)), rule);
          assert.notEqual(state, undefined);
          resumed = new AlarmDetector(rule, state);
        }
        assert.deepEqual(resumed.push(score), whole.push(score));
        assert.deepEqual(resumed.open, whole.open);
      });
      assert.deepEqual(resumed.state, whole.state);
    }),
  );
});

test("at a gap an event ends, and what came before counts no more", () => {
  const detector = new AlarmDetector({ threshold: 4, endValue: 2, k: 2, n: 3 });
  detector.push(5);
  assert.equal(detector.stop(), undefined);
  assert.equal(detector.push(5), undefined);
  assert.equal(detector.open, undefined);
  detector.push(6);
  assert.deepEqual(detector.open, { start: 1, end: 2, peak: 2, score: 6 });
  assert.deepEqual(detector.stop(), { start: 1, end: 2, peak: 2, score: 6 });
});

test("a state stays under 2 KiB, and a damaged one is refused", () => {
  const rule: AlarmRule = { threshold: 0.1, endValue: 0.05, k: 20, n: 32 };
  const detector = new AlarmDetector(rule);
  for (let row = 0; row < 1000; row++) detector.push(0.1 + Math.abs(Math.sin(row)) / 3);
  const { state } = detector;
  assert.ok(JSON.stringify(state).length < 2048);
  const open = state.open!;
  for (const damaged of [
    null,
    "state",
    { ...state, row: -1 },
    { ...state, row: 1.5 },
    { ...state, row: 3 },
    { ...state, recent: "many" },
    { ...state, recent: [...state.recent, 1] },
    { ...state, recent: ["1"] },
    { ...state, open: undefined },
    { ...state, open: 3 },
    { ...state, open: { ...open, end: state.row } },
    { ...state, open: { ...open, peak: open.start - 1 } },
    { ...state, open: { ...open, score: 0.1 } },
    { ...state, open: { ...open, score: Number.POSITIVE_INFINITY } },
  ]) {
    assert.equal(parseAlarmState(damaged, rule), undefined, JSON.stringify(damaged));
  }
});

test("rules that make no sense are refused", () => {
  const rule = { threshold: 1, endValue: 1, k: 1, n: 1 };
  assert.throws(() => new AlarmDetector({ ...rule, k: 2 }), /2 of 1/);
  assert.throws(() => new AlarmDetector({ ...rule, k: 0 }), /0 of 1/);
  assert.throws(() => new AlarmDetector({ ...rule, n: 33 }), /1 of 33/);
  assert.throws(() => new AlarmDetector({ ...rule, endValue: 1.5 }), /at most its threshold 1, not 1.5/);
});
