import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { ratesOf } from "../../../src/evaluation/metrics.js";
import { Random } from "../../../src/network/random.js";
import { SeriesBaselines } from "./baselines.js";
import { judge, testSetOf } from "./judgement.js";
import { scoreWithModel } from "./model.js";
import { countAsPublished } from "./published.js";
import { datasetsOf, type QualitySeries } from "./series.js";
import { readSets } from "./sets.js";
import { type Result, ResultStore } from "./store.js";
import { formatSeries, formatSets } from "./tables.js";

const folder = mkdtempSync(join(tmpdir(), "residua-quality-test-"));
after(() => rmSync(folder, { recursive: true }));

function write(path: string, lines: readonly string[]): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = `${lines.join("\r\n")}\r\n`;
  writeFileSync(file, path.endsWith(".gz") ? gzipSync(text) : text);
}

test("series are read as their sets are laid out, with the rows to learn from in front", () => {
  const sensors = ["a", "b", "c", "d", "e", "f", "g", "h"];
  for (const group of ["valve1", "valve2", "other"]) {
    write(`skab/${group}/1.csv`, [
      `datetime;${sensors.join(";")};anomaly;changepoint`,
      ...Array.from({ length: 402 }, (_, i) => `t;${sensors.map((_, k) => i + k / 10).join(";")};1.0;0.0`),
    ]);
  }
  const [skab] = readSets(folder, ["SKAB"]);
  assert.deepEqual(
    [skab!.name, skab!.rows, skab!.trainRows, skab!.features],
    ["valve1/1", 402, 400, sensors],
  );
  assert.deepEqual([...skab!.values.slice(8, 10)], [1, 1.1]);
  assert.deepEqual([...skab!.labels.slice(398)], [0, 0, 1, 1], "labels of rows to learn from are not used");

  write("smd/train/m.csv.gz", ["0.1,0.2", "0.3,0.4"]);
  write("smd/test/m.csv.gz", ["0.5,0.6", "0.7,0.8", "0.9,1"]);
  write("smd/test_label/m.txt.gz", ["0", "1", "1"]);
  write("smd/interpretation_label/m.txt", ["1-2:2"]);
  const [smd] = readSets(folder, ["SMD"]);
  assert.deepEqual([...smd!.values], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  assert.deepEqual([[...smd!.labels], smd!.trainRows], [[0, 0, 0, 1, 1], 2]);
  assert.deepEqual(smd!.causes, [{ start: 1, end: 2, features: [1] }]);

  write("nab/splits.csv", ["file,rows", "g/x.csv,6"]);
  write("nab/data/g/x.csv", [
    "timestamp,value",
    ...[0, 1, 2, 3, 4, 5].map((i) => `2014-01-01 00:0${i}:00,${i}`),
  ]);
  write("nab/labels/combined_windows.json", [
    JSON.stringify({ "g/x.csv": [["2014-01-01 00:02:00.000000", "2014-01-01 00:03:00.000000"]] }),
  ]);
  const [nab] = readSets(folder, ["NAB"]);
  assert.deepEqual([[...nab!.labels], nab!.trainRows], [[0, 0, 1, 1, 0, 0], 2]);

  write("ucr/001_UCR_Anomaly_x_2_3_4.txt", ["1", "2", "3", "4", "5", "6"]);
  const [ucr] = readSets(folder, ["UCR"]);
  assert.deepEqual([[...ucr!.labels], ucr!.trainRows], [[0, 0, 0, 1, 1, 0], 2]);
  assert.throws(() => [...readSets(folder, ["ECG"])], /MBA_ECG805.csv.gz is not there; --sets leaves out/);
});

function sineWithBump(): QualitySeries {
  const random = new Random(4);
  const labels = new Uint8Array(1200).fill(1, 900, 930).fill(1, 100, 110);
  const values = Float64Array.from(labels, (label, row) => {
    return Math.sin((2 * Math.PI * row) / 40) + 0.05 * random.normal() + (row > 600 ? 2 : 0) * label;
  });
  const base = { set: "UCR", name: "x", features: ["value"], causes: [], trainRows: 600 } as const;
  return { ...base, rows: 1200, values, labels };
}

test("rows to learn from keep their labels, and none of them is tested on", () => {
  const series = sineWithBump();
  const { whole, learnt } = datasetsOf(series);
  assert.deepEqual([whole.series[0]!.rows, learnt.series[0]!.rows], [1200, 600]);
  assert.equal(learnt.series[0]!.anomalous!.indexOf(1), 100);
  const [test] = testSetOf(series, 40).series;
  assert.deepEqual([test!.starts[0], test!.starts.at(-1)], [600, 1160]);
  assert.deepEqual([test!.counted.indexOf(1), test!.next.indexOf(0, 600)], [600, 750]);
});

test("principal components find the bump; chance does not find it", async () => {
  const baselines = new SeriesBaselines(sineWithBump(), 40);
  const found = await baselines.judge("PCA.7", 1);
  assert.equal(found.hit, 1);
  assert.ok(
    found.auroc! > 0.95 && found.eventRecall === 1 && found.falseAlarmsAll! < 0.3,
    JSON.stringify(found),
  );
  const chance = await baselines.judge("random", 1);
  assert.ok(chance.auroc! > 0.35 && chance.auroc! < 0.65 && chance.averagePrecision! < 0.2);
});

test("SKAB's own rule flags rows once nine windows before them are anomalous, and none at the ends", async () => {
  const random = new Random(5);
  const rows = 500;
  const anomalous = new Uint8Array(rows).fill(1, 430, 460);
  const values = Float64Array.from({ length: 2 * rows }, (_, i) => {
    const row = i >> 1;
    return Math.sin(row / 3 + i) + 0.1 * random.normal() + 6 * anomalous[row]!;
  });
  const engine = await createWasmEngine({ threads: 1 });
  try {
    const counts = await countAsPublished(
      engine,
      { name: "x", features: ["a", "b"], rows, values, anomalous },
      1,
    );
    assert.equal(counts.hits + counts.misses + counts.falseAlarmRows + counts.quietRows, rows);
    // Windows are anomalous from row 421 to 459, so that rows 430 to 460 are flagged.
    assert.ok(counts.hits >= 28 && counts.falseAlarmRows <= 4, JSON.stringify(counts));
    assert.ok(ratesOf(counts).f1! > 0.9);
  } finally {
    await engine.close();
  }
});

test("the model tells whether the level of the test rows has moved", async () => {
  const random = new Random(3);
  const noise = Float64Array.from({ length: 1400 }, () => random.uniform());
  const moved = noise.map((x, row) => (row < 1000 ? x : x + 1));
  const rows = {
    set: "NAB",
    name: "noise",
    features: ["a"],
    rows: 1400,
    trainRows: 700,
    causes: [],
  } as const;
  const labels = new Uint8Array(1400);
  const options = ["--family", "dense", "--units", "4", "--timesteps", "8", "--epochs", "2"];
  for (const [values, expected] of [
    [noise, 0],
    [moved, 1],
  ] as const) {
    const series = { ...rows, values, labels };
    const { verdicts } = await scoreWithModel(series, 1, options);
    assert.equal(judge(series, verdicts, 8).moved, expected);
  }
});

function result(detector: string, seed: number, vusPr: number): Result {
  const none = {
    auroc: null,
    averagePrecision: null,
    hit: null,
    falseAlarmsNext: null,
    falseAlarmsAll: null,
  };
  const noEvents = {
    moved: null,
    eventPrecision: null,
    eventRecall: null,
    medianDelay: null,
    causesNamed: null,
  };
  const figures = { ...none, ...noEvents, vusPr };
  return { set: "SMD", series: "m", detector, seed, timesteps: 32, seconds: 1, figures };
}

test("results outlive a bench that is cut off in the middle of a line", () => {
  const path = join(folder, "deep", "results.jsonl");
  const first = new ResultStore(path);
  first.add(result("L2", 1, 0.5));
  appendFileSync(path, '{"set":"SMD","ser');
  const second = new ResultStore(path);
  assert.deepEqual(second.get(result("L2", 1, 0)), result("L2", 1, 0.5));
  assert.equal(second.get(result("L2", 2, 0)), undefined);
  second.add(result("L2", 2, 0.7));
  assert.equal(readFileSync(path, "utf8").trimEnd().split("\n").length, 2);
  assert.deepEqual(new ResultStore(path).get(result("L2", 2, 0)), result("L2", 2, 0.7));
});

test("tables have the mean and the spread over seeds", () => {
  const results = [result("L2", 1, 0.5), result("L2", 2, 0.7), result("model", 1, 0.9)];
  assert.match(formatSets(results), /\| SMD \| L2 \| 1 \|.*\*\*0\.600 ±0\.141\*\*/);
  assert.match(formatSets(results), /\| SMD \| model \| 1 \|.*\*\*0\.900\*\*/);
  assert.match(formatSeries(results), /\| SMD m \| 32 \| 0\.600 \| 0\.900 \|/);
});
