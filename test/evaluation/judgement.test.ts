import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dataset } from "../../src/data/dataset.js";
import type { Detector } from "../../src/evaluation/detector.js";
import { judgeDetector } from "../../src/evaluation/judgement.js";
import { cutTestSet } from "../../src/evaluation/test-set.js";
import { compressSample } from "../../src/scoring/thresholds.js";
import { makeDataset, ROWS } from "./labelled-rows.js";

const detectorOf = (scores: Float64Array, threshold: number | undefined): Detector => ({
  ...{ name: "l2-row", seed: undefined, threshold, normal: undefined },
  scoreRows: async () => scores,
});

test("a detector is judged on the counted rows alone", async () => {
  const scores = Float64Array.from({ length: ROWS }, (_, row) => (row === 9 || row === 20 ? 2 : 0));
  // Where nothing counts, the wildest score changes nothing.
  for (const row of [12, 16, 25]) scores[row] = 99;
  const trainRows = { from: 10, to: 15 };
  const testSet = cutTestSet(makeDataset(), {
    ...{ timesteps: 4, minCoverage: 0.6, trainRows, testRows: undefined },
  });
  const run = await judgeDetector(detectorOf(scores, 1), testSet);
  assert.deepEqual(run.counts, {
    hits: 1,
    misses: 2,
    falseAlarmRows: 1,
    quietRows: 16,
    events: 2,
    eventsFound: 1,
    falseAlarms: 1,
  });
  assert.deepEqual(run.eventCounts, { events: 2, found: 1, alarms: 2, justified: 1, delays: [1] });
  assert.ok(Math.abs(run.auroc! - (16.5 + 2 * 8) / 51) < 1e-12, `${run.auroc}`);
  // Row 20 is nearer to an anomaly than a window is long.
  assert.deepEqual([run.falseAlarmsNext, run.falseAlarmsAll, run.moved], [undefined, 0, undefined]);
  const unjudged = await judgeDetector(detectorOf(scores, undefined), testSet);
  assert.deepEqual([unjudged.counts, unjudged.eventCounts], [undefined, undefined]);
  assert.equal(unjudged.auroc, run.auroc);
});

/** One series without gaps; rows before `trainRows` are learnt from. */
function plainDataset(rows: number, labels: Uint8Array): Dataset {
  const fileRows = Int32Array.from({ length: rows }, (_, row) => row);
  const series = { file: "a.csv", group: undefined, rows, values: new Float64Array(rows), fileRows };
  return {
    ...{ files: [], features: ["a"], maxGapMs: undefined, notes: [] },
    series: [{ ...series, timestampsMs: undefined, anomalous: labels, fileIndex: 0 }],
  };
}

test("whether the level has moved is told by the share of series, from scores of normal rows", async () => {
  const normal = {
    sample: compressSample(
      Float64Array.from({ length: 1000 }, (_, i) => i),
      250,
    ),
    drift: { blockRows: 4, blocks: 250, mean: 0.5, deviation: Math.sqrt(1 / 48), correlation: 0 },
  };
  const rows = 400;
  const testSet = cutTestSet(plainDataset(rows, new Uint8Array(rows)), {
    ...{ timesteps: 4, minCoverage: 0.5, trainRows: undefined, testRows: undefined },
  });
  const movedOf = async (by: number) => {
    const scores = Float64Array.from({ length: rows }, (_, row) => ((row * 389) % 1000) + by);
    return (await judgeDetector({ ...detectorOf(scores, 900), normal }, testSet)).moved;
  };
  assert.deepEqual([await movedOf(0), await movedOf(500)], [0, 1]);
});
