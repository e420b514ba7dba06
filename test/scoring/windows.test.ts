import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countBlocks, cutWindows, findRuns, findShortRuns, windowStarts } from "../../src/scoring/windows.js";

const series = fc.record({
  steps: fc.array(fc.oneof(fc.constant(1), fc.constant(60)), { maxLength: 40 }),
  groups: fc.array(fc.constantFrom("a", "b"), { minLength: 41, maxLength: 41 }),
  timesteps: fc.integer({ min: 1, max: 6 }),
  stride: fc.integer({ min: 1, max: 7 }),
});

test("windows are every stride-th start of a run whose rows no gap and no group parts", () => {
  fc.assert(
    fc.property(series, ({ steps, groups, timesteps, stride }) => {
      const timestampsMs = [0];
      for (const step of steps) timestampsMs.push(timestampsMs.at(-1)! + step);
      const rows = timestampsMs.length;
      const joined = (row: number): boolean =>
        timestampsMs[row]! - timestampsMs[row - 1]! <= 30 && groups[row] === groups[row - 1];
      const expected: number[] = [];
      let runStart = 0;
      for (let start = 0; start < rows; start++) {
        if (start > 0 && !joined(start)) runStart = start;
        const inside = [...Array(timesteps).keys()].every(
          (i) => start + i < rows && (i === 0 || joined(start + i)),
        );
        if (inside && (start - runStart) % stride === 0) expected.push(start);
      }
      const bounds = { timestampsMs, maxGapMs: 30, groups };
      assert.deepEqual([...windowStarts(rows, timesteps, stride, bounds)], expected);

      const runs = findRuns(rows, bounds);
      assert.equal(runs[0]!.start, 0);
      assert.equal(runs.at(-1)!.end, rows);
      runs.slice(1).forEach((run, i) => {
        assert.equal(run.start, runs[i]!.end);
        assert.ok(!joined(run.start));
      });
      const short = findShortRuns(rows, timesteps, bounds);
      assert.deepEqual(
        short,
        runs.filter(({ start }) => ![...windowStarts(rows, timesteps, 1, bounds)].includes(start)),
      );
    }),
  );
});

test("without timestamps or groups a series is one run", () => {
  assert.deepEqual(findRuns(5), [{ start: 0, end: 5 }]);
  assert.deepEqual(findRuns(0), []);
  assert.deepEqual([...windowStarts(10, 4, 3)], [0, 3, 6]);
  assert.deepEqual([...windowStarts(3, 4, 1)], []);
});

test("windows hold their rows", () => {
  const rows = Float64Array.from([0, 10, 1, 11, 2, 12, 3, 13]);
  assert.deepEqual([...cutWindows(rows, 2, [0, 2], 2)], [0, 10, 1, 11, 2, 12, 3, 13]);
  assert.deepEqual([...cutWindows(rows, 2, [1], 3)], [1, 11, 2, 12, 3, 13]);
});

test("blocks are windows that do not overlap", () => {
  assert.equal(countBlocks(windowStarts(100, 10, 1), 10), 10);
  assert.equal(countBlocks(windowStarts(109, 10, 1), 10), 10);
  assert.equal(countBlocks([0, 5, 50, 55, 60], 10), 3);
  assert.equal(countBlocks([], 10), 0);
});
