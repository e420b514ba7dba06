/** Times of rows, kept as runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addTimes, MOST_RUNS, type TimeRun, timeOf } from "../../src/watch/stream-times.js";

test("every row has the time that it came with, however the rows were cut into answers", () => {
  const steps = fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60_000 }), (answers, stepMs) => {
      let ms = 0;
      let runs: TimeRun[] = [];
      const all: number[] = [];
      for (const answer of answers) {
        const times = answer.map((step) => {
          ms += step * stepMs;
          return ms;
        });
        runs = addTimes(runs, all.length, times, stepMs);
        all.push(...times);
      }
      assert.deepEqual(
        all.map((_, row) => timeOf(runs, row, stepMs)),
        all,
      );
    }),
  );
});

test("rows without holes are one run, and the oldest of too many runs are forgotten", () => {
  assert.deepEqual(addTimes([[0, 100]], 1, [110, 120, 140], 10), [
    [0, 100],
    [3, 140],
  ]);
  const times = Array.from({ length: MOST_RUNS + 5 }, (_, at) => at * 30);
  const runs = addTimes([], 0, times, 10);
  assert.equal(runs.length, MOST_RUNS);
  assert.equal(timeOf(runs, 4, 10), undefined);
  assert.equal(timeOf(runs, 5, 10), 150);
});
