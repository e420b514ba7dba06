import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findEvents, walkEvents } from "../../src/scoring/event-stream.js";
import { eventRuleOf } from "../../src/scoring/events.js";
import { ruleOfRuns } from "../../src/scoring/normal-behaviour.js";
import { windowStarts } from "../../src/scoring/windows.js";

const windows = (rows: number, timesteps: number, contributions: (start: number) => readonly number[]) => {
  const starts = windowStarts(rows, timesteps, 1);
  return {
    starts,
    timesteps,
    contributions: Float64Array.from([...starts].flatMap(contributions)),
    featureNames: ["flow", "heat"],
  };
};

/** Rows of a model that does not know how normal scores make events; 2 in `flags` stands for no verdict. */
const runs = (
  score: Float64Array,
  threshold: number,
  ofSeries: ReturnType<typeof windows>,
  verdicts?: ArrayLike<number>,
) => ({
  score,
  anomalous: verdicts ?? score.map((own) => (own > threshold ? 1 : 0)),
  windows: ofSeries,
  rule: eventRuleOf({ alarm: ruleOfRuns(threshold), errorLimit: undefined }, score, score),
});

test("events are the runs of anomalous timesteps, in order of time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 9, noNaN: true }), fc.constantFrom(0, 1, 2)), {
        minLength: 4,
        maxLength: 60,
      }),
      (rows) => {
        const score = Float64Array.from(rows, ([s]) => s);
        const flags = rows.map(([s, flag]) => (flag === 2 ? 2 : s > 5 ? 1 : 0));
        const events = findEvents(
          runs(
            score,
            5,
            windows(rows.length, 4, () => [1, 3]),
            flags,
          ),
        );
        const inside = flags.map(() => 0);
        events.forEach(({ id, start, end, peak, score: height, features }, i) => {
          assert.equal(id, i + 1);
          assert.ok(start <= peak && peak <= end);
          assert.notEqual(flags[start - 1], 1);
          assert.notEqual(flags[end + 1], 1);
          inside.fill(1, start, end + 1);
          assert.equal(height, Math.max(...score.subarray(start, end + 1)));
          assert.equal(height, score[peak]);
          assert.deepEqual(features, [
            { name: "heat", share: 0.75 },
            { name: "flow", share: 0.25 },
          ]);
        });
        assert.deepEqual(
          inside,
          flags.map((flag) => (flag === 1 ? 1 : 0)),
        );
      },
    ),
  );
});

test("a feature's share comes from the windows that cover the event, by how much of it they cover", () => {
  const score = Float64Array.from([0, 0, 5, 6, 0, 0]);
  // Windows of 2 from rows 0 to 4: those from 1, 2 and 3 cover 1, 2 and 1 timesteps of the event.
  const errors = [
    [100, 0],
    [1, 0],
    [0, 3],
    [0, 1],
    [100, 0],
  ];
  const [event, ...others] = findEvents(
    runs(
      score,
      1,
      windows(6, 2, (start) => errors[start]!),
    ),
  );
  assert.deepEqual(others, []);
  assert.deepEqual(event, {
    id: 1,
    start: 2,
    end: 3,
    peak: 3,
    score: 6,
    open: false,
    features: [
      { name: "heat", share: 7 / 8 },
      { name: "flow", share: 1 / 8 },
    ],
  });
});

test("where no contribution says whose it is, features share alike", () => {
  const [event] = findEvents(
    runs(
      Float64Array.from([1, 1]),
      0,
      windows(2, 2, () => [0, 0]),
    ),
  );
  assert.deepEqual(event?.features, [
    { name: "flow", share: 0.5 },
    { name: "heat", share: 0.5 },
  ]);
});

test("a long series leaves turns, where there are no events, in a long one, and between many", () => {
  const rows = 300_000;
  const ofSeries = windows(rows, 4, () => [1, 3]);
  for (const { anomalous, count } of [
    { anomalous: () => 0, count: 0 },
    { anomalous: () => 1, count: 1 },
    { anomalous: (row: number) => Number(row % 3 === 0), count: rows / 3 },
  ]) {
    const given = runs(
      Float64Array.from({ length: rows }, (_, row) => anomalous(row)),
      0.5,
      ofSeries,
    );
    const walked = [...walkEvents(given)];
    const events = walked.filter((event) => event !== undefined);
    assert.equal(events.length, count);
    assert.ok(walked.length - count >= rows / 40_000, `${walked.length - count} turns`);
    assert.deepEqual(findEvents(given), events);
  }
});
