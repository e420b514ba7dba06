import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { SCORER_NAMES } from "../../src/scoring/scorers/scorers.js";
import { createWorkplace, writeWaves } from "./residua-process.js";

const RAMP = `value\n${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((step) => step / 10).join("\n")}\n`;
const QUICK = ["--timesteps", "8", "--units", "8", "--epochs", "3"];

test("the ramp of the tutorial: one window, 300 epochs, a threshold set by hand", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("ramp.csv", RAMP);
  const expected = {
    reconstruction: {
      reconstruction: [0.1056, 0.2022, 0.3004, 0.3995, 0.4991, 0.5988, 0.6983, 0.7991, 0.9024],
    },
    prediction: { prediction: [0.1668, 0.2899, 0.4032, 0.5089, 0.6094, 0.706, 0.7997, 0.8915] },
  };
  for (const [family, heads] of Object.entries(expected)) {
    const options = `--timesteps 9 --units 100 --activation relu --scaler none --learning-rate 0.001 --epochs 300 --validation 0 --calibration 0 --threshold 0.01 --family ${family}`;
    const { status, out, err } = await residua(["train", csv, "--name", family, ...options.split(" ")]);
    assert.equal(status, 0, err);
    assert.equal(err, "");
    assert.match(out, /^9 rows of 1 feature in 1 series; windows: 1 to fit, 0 to validate, 0 to calibrate\n/);
    assert.equal(out.match(/^epoch \d+\/300 loss \S+ learning rate 0\.001$/gm)?.length, 300);
    assert.match(out, /threshold: 0\.01 on the squared error, set by hand/);
    const folder = join(models, family, "1");
    const golden = JSON.parse(await readFile(join(folder, "golden.json"), "utf8"));
    for (const [head, values] of Object.entries(heads)) {
      values.forEach((value, step) => {
        const got = golden[head][step];
        assert.ok(Math.abs(got - value) < 0.035, `${head} ${step}: ${got} for ${value}`);
      });
    }
    const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
    assert.deepEqual(manifest.threshold, {
      method: "value",
      scorer: "squared",
      falseAlarmRate: null,
      value: 0.01,
      timestepValue: 0.01,
    });
    assert.equal(manifest.calibration, null);
    assert.equal(manifest.clip, null);
    const sample = JSON.parse(await readFile(join(folder, "sample.json"), "utf8"));
    assert.deepEqual(sample, {
      windows: [
        RAMP.trim()
          .split("\n")
          .slice(1)
          .map((value) => [Number(value)]),
      ],
    });
  }
});

test("a data file becomes a calibrated version, and the next run the next version with the same bytes", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const text = writeWaves(700);
  const plain = await write("waves.csv", text);
  const zipped = await write("waves.csv.gz", gzipSync(text));
  const args = [
    "--name",
    "waves",
    ...QUICK,
    "--family",
    "composite",
    "--reverse",
    "--false-alarm-rate",
    "0.05",
    "--calibration",
    "0.2",
  ];
  const first = await residua(["train", plain, ...args]);
  assert.equal(first.status, 0, first.err);
  assert.match(
    first.out,
    /700 rows of 2 features in 1 series; windows: 465 to fit, 67 to validate, 133 to calibrate/,
  );
  assert.match(first.out, /^epoch 1\/3 loss \S+ validation \S+ \(best\) learning rate 0\.\d+$/m);
  for (const part of [
    /^model: +waves version 1$/m,
    /^folder: .*waves.1$/m,
    /^sha256: +[0-9a-f]{64}$/m,
    /^loss: /m,
    /^windows: /m,
    /^threshold: .*false-alarm rate 0\.05, 17 independent blocks/m,
  ]) {
    assert.match(first.out, part);
  }
  assert.match(first.err, /^Note: The false-alarm rate of 0\.05 rests on 17 independent blocks/);
  const second = await residua(["train", zipped, ...args], { env: { RESIDUA_THREADS: "2" } });
  assert.equal(second.status, 0, second.err);
  assert.deepEqual((await readdir(join(models, "waves"))).sort(), ["1", "2"]);
  const bytes = (version: string, file: string) => readFile(join(models, "waves", version, file));
  for (const file of ["model.json", "weights.bin", "calibration.bin", "golden.json", "sample.json"]) {
    assert.ok((await bytes("1", file)).equals(await bytes("2", file)), file);
  }
  const manifest = JSON.parse((await bytes("1", "manifest.json")).toString());
  assert.deepEqual(manifest.features, [
    { name: "sin", unit: null },
    { name: "cos", unit: null },
  ]);
  assert.equal(manifest.training.data[0].sha256, createHash("sha256").update(text).digest("hex"));
  assert.equal(manifest.training.losses.length, 3);
  assert.equal(manifest.threshold.falseAlarmRate, 0.05);
  const other = await residua(["train", plain, ...args, "--seed", "2"]);
  assert.equal(other.status, 0, other.err);
  assert.ok(!(await bytes("1", "weights.bin")).equals(await bytes("3", "weights.bin")));
});

test("augmentation is recorded, gives the same bytes again, and other ones than training without", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("waves.csv", writeWaves(400));
  const train = async (name: string, args: string[], threads = "1") => {
    const run = await residua(["train", csv, "--name", name, ...QUICK, ...args], {
      env: { RESIDUA_THREADS: threads },
    });
    assert.equal(run.status, 0, run.err);
    const folder = join(models, name, "1");
    const { training } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
    return { options: training.options, weights: await readFile(join(folder, "weights.bin"), "hex") };
  };
  const both = ["--slow-trend", "2", "--amplitude", "1.5"];
  for (const family of ["reconstruction", "denoising"]) {
    const own = ["--family", family];
    const plain = await train(`${family}-plain`, own);
    const augmented = await train(`${family}-both`, [...own, ...both]);
    assert.equal(plain.options.slowTrend, undefined);
    assert.deepEqual([augmented.options.slowTrend, augmented.options.amplitude], [2, 1.5]);
    assert.deepEqual(await train(`${family}-again`, [...own, ...both], "2"), augmented);
    const trend = await train(`${family}-trend`, [...own, ...both.slice(0, 2)]);
    const amplitude = await train(`${family}-amplitude`, [...own, ...both.slice(2)]);
    assert.equal(new Set([plain, augmented, trend, amplitude].map(({ weights }) => weights)).size, 4);
  }
});

test("each family trains on a series with labels, gaps and missing readings", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const rows = Array.from({ length: 260 }, (_, row) => {
    const seconds = row < 150 ? row : row + 5000;
    return `${seconds},${row % 9 === 0 ? "" : Math.sin(row / 3).toFixed(3)},${row === 60 ? 1 : 0},pump ${row % 2}`;
  });
  const csv = await write("pump.csv", `time,flow,fault,unit\n${rows.join("\n")}\n`);
  for (const family of ["prediction", "dense", "stacked", "denoising"]) {
    const { status, out, err } = await residua([
      "train",
      csv,
      "--name",
      family,
      "--family",
      family,
      ...QUICK,
      "--label-column",
      "fault",
      "--group-column",
      "unit",
      "--loss",
      "mae",
      "--linear-path",
      "off",
    ]);
    assert.equal(status, 0, err);
    assert.match(out, /260 rows of 1 feature in 2 series/);
    assert.match(err, /1 row is labelled anomalous; the 8 windows that touch one are left out/);
    const manifest = JSON.parse(await readFile(join(models, family, "1", "manifest.json"), "utf8"));
    assert.equal(manifest.family, family);
    assert.deepEqual(manifest.scorers.slice(0, 2), ["absolute", "squared"]);
    const usable = SCORER_NAMES.filter((name) => name !== "combined");
    assert.deepEqual(new Set(manifest.scorers), new Set(usable));
    assert.equal(manifest.ties.length > 0, family === "stacked");
  }
});

test("a horizon lengthens the window by rows that the encoder does not see", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("waves.csv", writeWaves(300));
  const { status, err } = await residua([
    "train",
    csv,
    "--name",
    "h",
    ...QUICK,
    "--family",
    "prediction",
    "--horizon",
    "3",
  ]);
  assert.equal(status, 0, err);
  const manifest = JSON.parse(await readFile(join(models, "h", "1", "manifest.json"), "utf8"));
  assert.equal(manifest.timesteps, 11);
  assert.equal(manifest.inputSteps, 8);
  assert.deepEqual(manifest.heads, [{ name: "prediction", start: 8, steps: 3, reversed: false }]);
});

test("Ctrl-C ends the epoch, and publishes the best so far", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("waves.csv", writeWaves(2000));
  let sent = false;
  const { status, out, err } = await residua(
    [
      "train",
      csv,
      "--name",
      "waves",
      "--timesteps",
      "8",
      "--units",
      "8",
      "--epochs",
      "100000",
      "--patience",
      "0",
    ],
    {
      onOutput: (printed, kill) => {
        if (sent || !printed.includes("epoch 2/")) return;
        sent = true;
        kill("SIGINT");
      },
    },
  );
  assert.equal(status, 0, err);
  assert.match(err, /Stopping after this epoch; Ctrl-C again ends at once\./);
  assert.match(err, /Training was stopped after \d+ epochs; epoch \d+ \(validation loss \S+\) is published/);
  assert.match(out, /^loss: .*stopped, \S+ s\)$/m);
  assert.ok(existsSync(join(models, "waves", "1", "manifest.json")));
});
