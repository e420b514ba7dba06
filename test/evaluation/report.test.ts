import assert from "node:assert/strict";
import { test } from "node:test";
import type { DetectorRun } from "../../src/evaluation/judgement.js";
import { type Counts, NO_COUNTS } from "../../src/evaluation/metrics.js";
import { describeReport, formatReport } from "../../src/evaluation/report.js";
import type { FileEvaluation } from "../../src/evaluation/summary.js";

function run(
  detector: DetectorRun["detector"],
  seed: number | undefined,
  auroc: number | undefined,
): DetectorRun {
  const counts: Counts = {
    ...NO_COUNTS,
    hits: 3,
    misses: 1,
    falseAlarmRows: 1,
    quietRows: 9,
    events: 2,
    eventsFound: 1,
  };
  const eventCounts = { events: 2, found: 1, alarms: 4, justified: 1, delays: [3] };
  const shares = { falseAlarmsNext: undefined, falseAlarmsAll: 0.125, moved: 1 };
  const measures = { auroc, averagePrecision: auroc, vusPr: auroc };
  return { detector, seed, threshold: 0.5, ...measures, ...shares, counts, eventCounts };
}

function evaluation(file: string, runs: DetectorRun[]): FileEvaluation {
  return { file, testRows: 15, countedRows: 14, anomalousRows: 4, runs };
}

const one = evaluation("one.csv", [
  run("model", 1, 0.9),
  run("model", 2, 0.7),
  run("pca-window", undefined, 0.8),
]);
const two = evaluation("two.csv", [
  run("model", 1, 0.5),
  run("model", 2, 0.5),
  run("pca-window", undefined, 0.6),
]);
/** Without an anomalous row. */
const quiet = evaluation("quiet.csv", [
  run("model", 1, undefined),
  run("model", 2, undefined),
  run("pca-window", undefined, undefined),
]);

test("a table says what was tested on, the mean and deviation over seeds, and where a baseline is as good", () => {
  const lines = formatReport([one], "dense").trimEnd().split("\n");
  assert.equal(lines[0], "one.csv: 14 rows to test on (1 more in no window), 4 of them anomalous");
  assert.match(
    lines[1]!,
    /^ +AUROC +AP +VUS-PR +flagged next +flagged +moved +event precision +event recall +delay +F1 of rows$/,
  );
  const same = "0.800 ±0.141 +0.800 ±0.141 +0.800 ±0.141 +- +0.125 ±0.000 +1.000 ±0.000";
  assert.match(
    lines[2]!,
    new RegExp(`^dense, 2 seeds +${same} +0.250 ±0.000 +0.500 ±0.000 +3 +0.750 ±0.000$`),
  );
  assert.match(lines[3]!, /^PCA of windows, 90 % +0\.800 +0\.800 +0\.800 +- +0\.125 +1\.000 .* 3 +0\.750$/);
  assert.deepEqual(lines.slice(4), [
    "At least as good as the model by AUROC: PCA of windows, 90 %.",
    "At least as good as the model by AP: PCA of windows, 90 %.",
    "At least as good as the model by VUS-PR: PCA of windows, 90 %.",
  ]);
});

test("files are pooled: shares are means where there is one, events are added up", () => {
  const lines = formatReport([one, two, quiet], "dense").trimEnd().split("\n");
  const all = lines.slice(lines.findIndex((line) => line.startsWith("All 3 files")));
  assert.match(
    all[2]!,
    /^dense, 2 seeds +0\.650 ±0\.071 .* 0\.125 ±0\.000 .* 0\.250 ±0\.000 +0\.500 ±0\.000 +3 /,
  );
  assert.match(all[3]!, /^PCA of windows, 90 % +0\.700 /);
  assert.ok(lines.some((line) => /^dense, 2 seeds +- +- +- +- +0\.125/.test(line)));
});

test("JSON has every run, and null where there is no figure", () => {
  const report = JSON.parse(JSON.stringify(describeReport([one, quiet])));
  assert.deepEqual(
    report.files.map(({ file }: { file: string }) => file),
    ["one.csv", "quiet.csv"],
  );
  const [model, pca] = report.files[0].detectors;
  assert.equal(model.detector, "model");
  assert.ok(Math.abs(model.mean.auroc - 0.8) < 1e-12);
  assert.deepEqual(
    model.runs.map(({ seed, auroc }: { seed: number; auroc: number }) => [seed, auroc]),
    [
      [1, 0.9],
      [2, 0.7],
    ],
  );
  assert.equal(model.runs[0].precision, 0.75);
  assert.deepEqual([model.runs[0].eventPrecision, model.runs[0].falseAlarmsNext], [0.25, null]);
  assert.equal(model.runs[0].counts.eventsFound, 1);
  assert.deepEqual([pca.runs[0].seed, pca.deviation.auroc], [null, null]);
  assert.equal(report.files[1].detectors[0].mean.auroc, null);
  assert.equal(report.all[0].mean.events, 4);
});
