/** Events by an alarm rule: where they begin and end, and what is still under way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findEvents, walkEvents } from "../../src/scoring/event-stream.js";
import { eventRuleOf } from "../../src/scoring/events.js";
import { ruleOfRuns } from "../../src/scoring/normal-behaviour.js";
import { stitchScores } from "../../src/scoring/stitcher.js";
import { windowStarts } from "../../src/scoring/windows.js";
import { findAlarms } from "./whole-alarms.js";

const T = 4;

function windowsOf(rows: number) {
  const starts = windowStarts(rows, T, 1);
  const contributions = new Float64Array(2 * starts.length).fill(1);
  return { starts, timesteps: T, contributions, featureNames: ["flow", "heat"] };
}

const verdicts = (score: Float64Array, threshold: number) =>
  Int8Array.from(score, (value) => (Number.isNaN(value) ? -1 : value > threshold ? 1 : 0));

const cases = fc.record({
  rows: fc.array(
    fc.tuple(
      fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.constant(Number.NaN)),
      fc.integer({ min: 0, max: 9 }),
    ),
    { minLength: T, maxLength: 60 },
  ),
  threshold: fc.integer({ min: 2, max: 7 }),
  below: fc.integer({ min: 0, max: 3 }),
  beginning: fc.constantFrom([1, 1], [2, 3], [3, 5]),
});

test("an event is the part of an alarm whose errors are out of their normal range, all of it where none is", () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: -1, max: 10 }), (given, errorLimit) => {
      const { rows, threshold, below, beginning } = given;
      const score = Float64Array.from(rows, ([own]) => own);
      const error = Float64Array.from(rows, ([, own]) => own);
      const alarm = { threshold, k: beginning[0]!, n: beginning[1]!, endValue: threshold - below };
      const events = findEvents({
        score,
        anomalous: verdicts(score, threshold),
        windows: windowsOf(rows.length),
        rule: eventRuleOf({ alarm, errorLimit }, score, error),
      });
      const alarms = findAlarms(score, alarm);
      assert.equal(events.length, alarms.length);
      for (const [i, event] of events.entries()) {
        const { start, end, peak, score: height } = alarms[i]!;
        const out = Array.from({ length: end - start + 1 }, (_, at) => start + at).filter(
          (row) => error[row]! > errorLimit && !Number.isNaN(score[row]!),
        );
        assert.equal(event.id, i + 1);
        assert.equal(event.start, out[0] ?? start);
        assert.equal(event.end, out.at(-1) ?? end);
        assert.equal(event.score, score[event.peak]);
        if (out.length === 0) assert.deepEqual([event.peak, event.score], [peak, height]);
        else {
          assert.ok(out.includes(event.peak));
          assert.equal(event.score, Math.max(...out.map((row) => score[row]!)));
        }
      }
    }),
  );
});

test("with one timestep to begin, no hysteresis and errors all out of range, events are the runs of before", () => {
  fc.assert(
    fc.property(cases, ({ rows, threshold }) => {
      const score = Float64Array.from(rows, ([own]) => own);
      const [anomalous, windows] = [verdicts(score, threshold), windowsOf(rows.length)];
      const eventsAbove = (errorLimit: number | undefined) => {
        const known = { alarm: ruleOfRuns(threshold), errorLimit };
        const ones = score.map(() => 1);
        return findEvents({ score, anomalous, windows, rule: eventRuleOf(known, score, ones) });
      };
      assert.deepEqual(eventsAbove(0), eventsAbove(undefined));
    }),
  );
});

test("a score that swings about the threshold is one event with hysteresis, and many without", () => {
  const score = Float64Array.from([0, 0, 5, 3, 5, 3, 5, 0, 0]);
  const [anomalous, windows] = [verdicts(score, 4), windowsOf(score.length)];
  const error = score.map(() => 1);
  const ruleOf = (endValue: number) =>
    eventRuleOf({ alarm: { threshold: 4, k: 1, n: 1, endValue }, errorLimit: 0 }, score, error);
  const spans = (endValue: number) =>
    findEvents({ score, anomalous, windows, rule: ruleOf(endValue) }).map(({ start, end, open }) => [
      start,
      end,
      open,
    ]);
  assert.deepEqual(spans(4), [
    [2, 2, false],
    [4, 4, false],
    [6, 6, false],
  ]);
  assert.deepEqual(spans(2), [[2, 6, false]]);
});

test("the rows that windows reach over before and after a fault are no part of its event", () => {
  const rows = 60;
  const faulty = (row: number) => row >= 30 && row < 34;
  const { starts, ...windows } = windowsOf(rows);
  const windowScores = Float64Array.from(starts, (start) => {
    let sum = 0;
    for (let row = start; row < start + T; row++) sum += faulty(row) ? 1 : 0.1;
    return sum / T;
  });
  const score = stitchScores(windowScores, starts, T, rows);
  const error = Float64Array.from({ length: rows }, (_, row) => (faulty(row) ? 1 : 0.1));
  const alarm = { threshold: 0.15, k: 2, n: 3, endValue: 0.12 };
  const [early] = findAlarms(score, alarm);
  assert.ok(early!.start < 30 && early!.end > 33, JSON.stringify(early));
  const events = findEvents({
    score,
    anomalous: verdicts(score, 0.15),
    windows: { starts, ...windows },
    rule: eventRuleOf({ alarm, errorLimit: 0.2 }, score, error),
  });
  assert.deepEqual(
    events.map(({ start, end }) => [start, end]),
    [[30, 33]],
  );
});

test("an event is open while the series ends within it, and a row without a verdict begins none", () => {
  const score = Float64Array.from([0, 0, 0, 0, 6, 7, 3]);
  const windows = windowsOf(score.length);
  const alarm = { threshold: 5, k: 1, n: 1, endValue: 2 };
  const rule = eventRuleOf(
    { alarm, errorLimit: 1 },
    score,
    score.map(() => 0),
  );
  const spans = (anomalous: Int8Array) =>
    findEvents({ score, anomalous, windows, rule }).map(({ start, end, open }) => [start, end, open]);
  assert.deepEqual(spans(verdicts(score, 5)), [[4, 6, true]]);
  assert.deepEqual(spans(Int8Array.from([0, 0, 0, 0, -1, -1, 0])), []);
});

test("an event ends at a gap, and not where windows merely do not overlap", () => {
  const rows = 40;
  const groups = Array.from({ length: rows }, (_, row) => (row < 20 ? 0 : 1));
  const score = new Float64Array(rows).fill(2);
  const rule = eventRuleOf({ alarm: ruleOfRuns(1), errorLimit: 1 }, score, score);
  const spans = (stride: number, bounds: { groups?: number[] }) => {
    const starts = windowStarts(rows, T, stride, bounds);
    const contributions = new Float64Array(2 * starts.length).fill(1);
    const windows = { starts, timesteps: T, contributions, featureNames: ["flow", "heat"] };
    const events = findEvents({ score, anomalous: new Int8Array(rows).fill(1), windows, rule });
    return events.map(({ start, end, open }) => [start, end, open]);
  };
  for (const stride of [1, 2, T]) assert.deepEqual(spans(stride, {}), [[0, 39, true]]);
  for (const stride of [1, 2]) {
    assert.deepEqual(spans(stride, { groups }), [
      [0, 19, false],
      [20, 39, true],
    ]);
  }
});

test("a long alarm leaves turns while it is placed", () => {
  const rows = 200_000;
  const score = new Float64Array(rows).fill(2);
  const rule = eventRuleOf({ alarm: ruleOfRuns(1), errorLimit: 9 }, score, score);
  const anomalous = new Int8Array(rows).fill(1);
  const walked = [...walkEvents({ score, anomalous, windows: windowsOf(rows), rule })];
  assert.ok(walked.filter((event) => event === undefined).length >= (2 * rows) / 65_536);
  assert.deepEqual(
    walked.flatMap((event) => (event === undefined ? [] : [[event.start, event.end, event.open]])),
    [[0, rows - 1, true]],
  );
});
