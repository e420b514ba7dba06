import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AlarmRows } from "../../src/scoring/alarm-rows.js";
import { type EventRows, EventStream, type EventStreamState } from "../../src/scoring/event-stream.js";
import { eventRuleOf } from "../../src/scoring/events.js";

const T = 4;

/** Rows with scores, errors and contributions that are small whole numbers, so that sums are exact. */
const cases = fc.record({
  rows: fc.array(
    fc.tuple(
      fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.constant(Number.NaN)),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 1000 }),
    ),
    { minLength: T, maxLength: 80 },
  ),
  threshold: fc.integer({ min: 4, max: 8 }),
  below: fc.integer({ min: 0, max: 4 }),
  beginning: fc.constantFrom([1, 1], [2, 3], [3, 5], [1, 6]),
  errorLimit: fc.option(fc.integer({ min: -1, max: 8 }), { nil: undefined }),
  stride: fc.integer({ min: 1, max: 3 }),
  /** Row numbers at which a run of windows begins anew, as after a gap. */
  breaks: fc.array(fc.integer({ min: 1, max: 79 }), { maxLength: 2 }),
  /** Rows of a stream's first request, of the second, ...; the rest are in the last. */
  cuts: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
  batch: fc.integer({ min: 1, max: 7 }),
});

/** The first row of each window of runs of rows. */
function startsOf(rows: number, breaks: readonly number[], stride: number): number[] {
  const ends = [...breaks.filter((row) => row < rows), rows].sort((a, b) => a - b);
  const starts: number[] = [];
  let next = 0;
  for (const end of ends) {
    for (; next + T <= end; next += stride) starts.push(next);
    next = end;
  }
  return starts;
}

/** Which windows are known to overlap an alarm, asked of each as soon as it is settled. */
function overlapping(rows: EventRows, state: EventStreamState | undefined, batch: number): boolean[] {
  const { starts } = rows.windows;
  const alarms = new AlarmRows(rows, state);
  const answers: boolean[] = [];
  for (let scored = 0; scored < starts.length; scored += batch) {
    const next = starts[scored + batch] ?? rows.score.length;
    alarms.judge(next);
    while (answers.length < Math.min(scored + batch, starts.length)) {
      const start = starts[answers.length]!;
      if (next < rows.score.length && !alarms.isSettled(start + T - 1)) break;
      answers.push(alarms.overlap(start));
    }
  }
  alarms.judge(rows.score.length);
  return answers;
}

test("events need the contributions of windows that overlap an alarm, and of no others", () => {
  let [needed, windows] = [0, 0];
  fc.assert(
    fc.property(cases, ({ rows, threshold, below, beginning, errorLimit, stride, breaks, cuts, batch }) => {
      const [k, n] = beginning as [number, number];
      const alarm = { threshold, k, n, endValue: threshold - below };
      const allStarts = startsOf(rows.length, breaks, stride);
      let state: EventStreamState | undefined;
      let count = 0;
      for (const size of [...cuts, rows.length]) {
        count = Math.min(rows.length, count + size);
        const base = state === undefined ? 0 : Math.max(0, state.alarm.row - n - T + 1);
        const atHand = rows.slice(base, count);
        const score = Float64Array.from(atHand, ([own]) => own);
        const starts = allStarts.filter((start) => start >= base && start + T <= count);
        const own = (start: number): number[] => [rows[start]![2], rows[start + 1]![2]];
        const withContributions = (isKnown: (n: number) => boolean): EventRows => ({
          base,
          score,
          anomalous: score.map((value) => (Number.isNaN(value) ? -1 : value > threshold ? 1 : 0)),
          rule: eventRuleOf(
            { alarm, errorLimit },
            score,
            Float64Array.from(atHand, ([, error]) => error),
          ),
          windows: {
            starts: starts.map((start) => start - base),
            timesteps: T,
            stride,
            contributions: Float64Array.from(
              starts.flatMap((start, i) => (isKnown(i) ? own(start) : [0, 0])),
            ),
            featureNames: ["flow", "heat"],
          },
        });
        const all = withContributions(() => true);
        const known = overlapping(all, state, batch);
        assert.equal(known.length, starts.length);
        needed += known.filter(Boolean).length;
        windows += known.length;
        const until = Math.max(0, count - T + 1);
        const [whole, part] = [all, withContributions((i) => known[i]!)].map((ofStream) => {
          const stream = new EventStream(ofStream, state);
          const events = [...stream.walk(until)].filter((event) => event !== undefined);
          return { events, state: stream.state };
        });
        assert.deepEqual(part, whole);
        state = whole!.state;
        if (count === rows.length) break;
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(needed > windows / 10 && needed < (9 * windows) / 10, `${needed} of ${windows}`);
});

test("an alarm may begin in the n - 1 rows before it is known", () => {
  const score = Float64Array.from([0, 9, 0, 9, 0, 0, 0, 0, 0]);
  const windows = {
    starts: [0, 1, 2, 3, 4, 5],
    timesteps: T,
    contributions: new Float64Array(12),
    featureNames: ["flow", "heat"],
  };
  const alarm = { threshold: 5, k: 2, n: 3, endValue: 5 };
  const rule = eventRuleOf({ alarm, errorLimit: undefined }, score, score);
  const anomalous = score.map((own) => (own > 5 ? 1 : 0));
  const alarms = new AlarmRows({ base: 0, score, anomalous, rule, windows });
  alarms.judge(3);
  // Row 1 is above the threshold, and the next one may make both an alarm.
  assert.deepEqual([alarms.isSettled(0), alarms.isSettled(1)], [true, false]);
  alarms.judge(score.length);
  assert.deepEqual(
    windows.starts.map((start) => alarms.overlap(start)),
    [true, true, true, true, false, false],
  );
});
