import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWorkplace, writeWaves } from "./residua-process.js";

const SPIKE = 500;
const NETWORK = ["--timesteps", "8", "--units", "8", "--epochs", "5", "--learning-rate", "0.01"];
const FITTING = [...NETWORK, "--calibration", "0.2"];

/** 600 rows with a labelled spike at 500; everything before is normal. */
function writeLabelledWaves(): string {
  const [header, ...lines] = writeWaves(600, { spikeAt: SPIKE }).trimEnd().split("\r\n");
  const labelled = lines.map((line, row) => `${line};${row >= SPIKE && row < SPIKE + 5 ? 1 : 0}`);
  return `${[`${header};fault`, ...labelled].join("\n")}\n`;
}

interface Detectors {
  readonly detector: string;
  readonly mean: Record<string, number | null>;
  readonly runs: readonly {
    readonly seed: number | null;
    readonly auroc: number;
    readonly threshold: number;
  }[];
}

test("trains once a seed and file, publishes nothing, and sets the baselines beside it", async (t) => {
  const { write, residua, models, folder } = await createWorkplace(t);
  const one = await write("one.csv", writeLabelledWaves());
  const two = await write("two.csv", writeLabelledWaves());
  const args = ["evaluate", one, two, "--label-column", "fault", "--rows", "0:400", ...FITTING];
  const { status, out, err } = await residua([...args, "--seeds", "4,7", "--json", "figures.json"]);
  assert.equal(status, 0, err);
  assert.match(out, /^one\.csv: 200 rows to test on, 5 of them anomalous$/m);
  assert.match(out, /^dense, 2 seeds +[01]\.\d{3} ±/m);
  assert.match(out, /^All 2 files/m);
  for (const file of ["one", "two"]) {
    for (const seed of [4, 7])
      assert.match(err, new RegExp(`^${file}\\.csv, seed ${seed}: 5 epochs, the best is \\d, \\S+ s$`, "m"));
  }
  assert.equal(
    err.match(/^Note: (one|two)\.csv: .* rests on/gm)?.length,
    2,
    "a file's notes once, not once a seed",
  );
  assert.ok(!existsSync(models));

  const report = JSON.parse(await readFile(join(folder, "figures.json"), "utf8"));
  const detectors: Detectors[] = report.files[0].detectors;
  assert.deepEqual(
    detectors.map(({ detector, runs }) => [detector, runs.map(({ seed }) => seed)]),
    [
      ["model", [4, 7]],
      ["random", [4, 7]],
      ["l2-row", [null]],
      ["l2-window", [null]],
      ["pca-window-70", [null]],
      ["pca-window", [null]],
    ],
  );
  const [model, random] = detectors;
  assert.notEqual(model!.runs[0]!.threshold, model!.runs[1]!.threshold);
  assert.ok(model!.mean["auroc"]! > 0.9 && model!.mean["eventsFound"] === 1);
  assert.ok(Math.abs(random!.mean["auroc"]! - 0.5) < 0.3);
  assert.equal(report.all[0].mean.events, 2);
});

test("a published model is judged as `score` judges it", async (t) => {
  const { write, residua } = await createWorkplace(t);
  const csv = await write("waves.csv", writeLabelledWaves());
  const columns = ["--columns", "sin,cos", "--rows", "0:400"];
  const trained = await residua(["train", csv, "--name", "waves", ...columns, ...FITTING]);
  assert.equal(trained.status, 0, trained.err);
  const evaluate = ["evaluate", csv, "--label-column", "fault", "--model", "waves"];
  const found = await residua([...evaluate, "--rows", "0:400", "--test-rows", "420:600", "--json"]);
  assert.equal(found.status, 0, found.err);
  assert.equal(found.err, "");
  const detectors: Detectors[] = JSON.parse(found.out).files[0].detectors;
  const model = detectors[0]!;
  assert.equal(detectors.length, 6);

  const scored = await residua(["score", csv, "--model", "waves", "--rows", "420:600"]);
  const rows = scored.out.trimEnd().split("\n").slice(1);
  const cells = rows.map((line) => line.split(","));
  const isSpike = (row: number) => row + 420 >= SPIKE && row + 420 < SPIKE + 5;
  const alarms = cells.filter((row, at) => row[3] === "1" && !isSpike(at)).length;
  assert.equal(model.mean["falseAlarmRate"], alarms / 175);
  assert.equal(model.mean["recall"], cells.filter((row, at) => row[3] === "1" && isSpike(at)).length / 5);

  const alone = await residua(evaluate);
  assert.equal(alone.status, 0, alone.err);
  assert.match(alone.err, /^Note: waves\.csv is a file that the model was trained on: --rows names the rows/);
  assert.match(alone.out, /^waves 1 .*\nrandom scores, 3 seeds .*\n/m);
  assert.doesNotMatch(alone.out, /^PCA/m);
});

test("what cannot be evaluated is told in one sentence", async (t) => {
  const { write, residua } = await createWorkplace(t);
  const csv = await write("waves.csv", writeLabelledWaves());
  const label = ["--label-column", "fault"];
  const wrong: [string[], number, RegExp][] = [
    [[csv], 2, /^Required option '--label-column <name>' not specified\.\n$/],
    [[csv, ...label], 2, /^--rows has to say which rows of each file to train on, such as --rows 0:400\.\n$/],
    [[csv, ...label, "--rows", "0:400", "--version", "1"], 2, /^--version and --models need --model\.\n$/],
    [[csv, ...label, "--rows", "0:400", "--test-rows", "399:500"], 2, /share rows/],
    [[csv, ...label, "--model", "waves", "--units", "8"], 2, /^--units is for training, and --model trains/],
    [[csv, ...label, "--rows", "0:400", "--seeds", "0"], 2, /whole number from 1 to 100\.\n$/],
    [[...label, "--rows", "0:400", "--json", csv], 2, /The file's name has to end in \.json\.\n$/],
    [
      [csv, "--label-column", "leak", "--rows", "0:400"],
      1,
      /^No file has a column "leak" for the labels\.\n$/,
    ],
    [
      [csv, ...label, "--rows", "0:600"],
      1,
      /^waves\.csv has no row to test on; leave some out of --rows\.\n$/,
    ],
    [[csv, ...label, "--model", "sea"], 1, /^There is no /],
  ];
  const finished = await Promise.all(wrong.map(([args]) => residua(["evaluate", ...args])));
  finished.forEach(({ status, out, err }, i) => {
    assert.match(err, wrong[i]![2]);
    assert.equal(err.trim().split("\n").length, 1, err);
    assert.equal(status, wrong[i]![1], err);
    assert.equal(out, "");
  });
});
