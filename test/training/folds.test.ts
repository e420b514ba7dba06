import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Fold, forwardFolds } from "../../src/training/folds.js";
import type { StartSpan } from "../../src/training/splits.js";

/** Every start of a series without gaps. */
function allStarts(rows: number, timesteps: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, rows - timesteps + 1) }, (_, row) => row);
}

/** [rows]: 1 where a window of the span covers the row. */
function covered(starts: Int32Array, span: StartSpan, timesteps: number): Uint8Array {
  const rows = new Uint8Array((starts[starts.length - 1] ?? 0) + timesteps);
  if (span === undefined) return rows;
  for (const start of starts) {
    if (start >= span[0] && start <= span[1]) rows.fill(1, start, start + timesteps);
  }
  return rows;
}

const someSeries = fc.record({
  timesteps: fc.integer({ min: 1, max: 12 }),
  folds: fc.integer({ min: 1, max: 4 }),
  // Strides and gaps: some starts are not there.
  series: fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 150 }), { maxLength: 6 }),
});

function sorted(list: readonly number[]): Int32Array {
  return Int32Array.from(list).sort();
}

test("a fold scores only rows after those it was fitted on, and no row is scored twice", () => {
  fc.assert(
    fc.property(someSeries, ({ timesteps, folds, series }) => {
      const starts = series.map(sorted);
      const made = forwardFolds(starts, timesteps, folds);
      assert.ok(made.length <= folds);
      starts.forEach((own, index) => {
        const scoredBefore = covered(own, undefined, timesteps);
        made.forEach(({ fit, score }: Fold) => {
          const fitted = covered(own, fit[index], timesteps);
          const scored = covered(own, score[index], timesteps);
          scored.forEach((one, row) => {
            if (one === 0) return;
            assert.equal(fitted[row], 0, "fitted and scored");
            assert.equal(scoredBefore[row], 0, "scored twice");
            scoredBefore[row] = 1;
          });
          if (fit[index] !== undefined && score[index] !== undefined) {
            assert.ok(score[index][0] >= fit[index][1] + timesteps);
          }
        });
      });
    }),
  );
});

test("each fold fits on something, scores something, and fits on all that the ones before it fitted on and scored", () => {
  fc.assert(
    fc.property(someSeries, ({ timesteps, folds, series }) => {
      const starts = series.map(sorted);
      const made = forwardFolds(starts, timesteps, folds);
      made.forEach(({ fit, score }, fold) => {
        assert.ok(fit.some((span) => span !== undefined));
        assert.ok(score.some((span) => span !== undefined));
        if (fold === 0) return;
        const before = made[fold - 1]!;
        starts.forEach((own, index) => {
          const earlier = covered(own, before.fit[index], timesteps);
          const scoredEarlier = covered(own, before.score[index], timesteps);
          const now = covered(own, fit[index], timesteps);
          now.forEach((one, row) => {
            if (earlier[row] === 1 || scoredEarlier[row] === 1) assert.equal(one, 1);
          });
        });
      });
    }),
  );
});

test("one long series: half, two thirds and five sixths are fitted on, the next sixth is scored", () => {
  const made = forwardFolds([allStarts(6000, 10)], 10);
  assert.deepEqual(made, [
    { fit: [[0, 2990]], score: [[3009, 3990]] },
    { fit: [[0, 3990]], score: [[4009, 4990]] },
    { fit: [[0, 4990]], score: [[5009, 5990]] },
  ]);
});

test("where a sixth has no room for purged rows, they are fewer; then the folds are", () => {
  // A sixth is 40 rows, one and a half windows of 24 are 36: 4 rows are left to purge.
  assert.deepEqual(forwardFolds([allStarts(240, 24)], 24)[0], { fit: [[0, 96]], score: [[124, 136]] });
  assert.deepEqual(
    forwardFolds([allStarts(240, 30)], 30).map(({ fit }) => fit),
    [[[0, 90]], [[0, 150]]],
  );
  assert.equal(forwardFolds([allStarts(240, 80)], 80).length, 1);
  assert.deepEqual(forwardFolds([allStarts(240, 81)], 81), []);
  assert.deepEqual(forwardFolds([], 5), []);
});

test("short series go to one part whole, in their order, beside those that are cut", () => {
  const short = allStarts(12, 10);
  const made = forwardFolds([short, short, short, allStarts(6000, 10), short, short, short], 10);
  const first: StartSpan = [0, 2];
  assert.deepEqual(
    made.map(({ fit }) => fit.map((span) => span?.[1])),
    [
      [2, 2, 2, 2990, undefined, undefined, undefined],
      [2, 2, 2, 3990, 2, undefined, undefined],
      [2, 2, 2, 4990, 2, 2, undefined],
    ],
  );
  assert.deepEqual(
    made.map(({ score }) => score.flatMap((span, series) => (span === undefined ? [] : [series]))),
    [
      [3, 4],
      [3, 5],
      [3, 6],
    ],
  );
  assert.deepEqual(made[0]!.score[4], first);
});
