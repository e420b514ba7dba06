import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createWorkplace, type Workplace, writeWaves } from "./residua-process.js";

async function trainWaves({ write, residua }: Workplace): Promise<void> {
  const csv = await write("normal.csv", writeWaves(900));
  const { status, err } = await residua([
    "train",
    csv,
    "--name",
    "waves",
    "--timesteps",
    "8",
    "--units",
    "12",
    "--epochs",
    "15",
    "--learning-rate",
    "0.01",
  ]);
  assert.equal(status, 0, err);
}

function parse(csv: string): Record<string, string>[] {
  const [header, ...lines] = csv.trimEnd().split("\n");
  const names = header!.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])));
}

test("a row for every row, in the words of the file, and a spike stands out as an event", async (t) => {
  const workplace = await createWorkplace(t);
  const { write, residua, folder } = workplace;
  await trainWaves(workplace);
  const text = writeWaves(300, { spikeAt: 150 });
  const csv = await write("spike.csv", text);
  const scored = await residua(["score", csv, "--model", "waves"]);
  assert.equal(scored.status, 0, scored.err);
  const rows = parse(scored.out);
  assert.deepEqual(Object.keys(rows[0]!), ["timestamp", "score", "p_value", "anomalous"]);
  assert.equal(rows.length, 300);
  assert.deepEqual(
    rows.map(({ timestamp }) => timestamp),
    text
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(";")[0]),
  );
  const peak = rows.reduce(
    (best, row, at) => (Number(row["score"]) > Number(rows[best]!["score"]) ? at : best),
    0,
  );
  assert.ok(peak >= 143 && peak <= 161, `${peak}`);
  assert.equal(rows[152]!["anomalous"], "1");
  assert.ok(rows.slice(0, 130).filter(({ anomalous }) => anomalous === "1").length < 20);
  for (const row of rows) assert.equal(row["anomalous"] === "1", Number(row["p_value"]) <= 0.01);

  const gz = await write("spike.csv.gz", gzipSync(text));
  const filed = await residua([
    "score",
    gz,
    "--model",
    "waves",
    "--out",
    "s.csv",
    "--events",
    "e.json",
    "--version",
    "1",
  ]);
  assert.equal(filed.status, 0, filed.err);
  assert.match(filed.out, /^300 of 300 rows scored, \d+ anomalous in \d+ events\n$/);
  assert.equal(await readFile(join(folder, "s.csv"), "utf8"), scored.out);
  const { model, threshold, events } = JSON.parse(await readFile(join(folder, "e.json"), "utf8"));
  assert.deepEqual([model.name, model.version, model.engine, model.device], ["waves", "1", "wasm", "cpu"]);
  assert.equal(threshold.falseAlarmRate, 0.01);
  const event = events.find(({ start, end }: { start: number; end: number }) => start <= 152 && end >= 152);
  assert.ok(event.start >= 143 && event.end <= 162 && event.peak === peak, JSON.stringify(event));
  assert.equal(event.startTime, rows[event.start]!["timestamp"]);
  assert.equal(event.features[0].name, "sin");
  assert.ok(Math.abs(event.features[0].share + event.features[1].share - 1) < 1e-5);
});

test("rows that no window covers stay empty, and short runs are told", async (t) => {
  const workplace = await createWorkplace(t);
  const { write, residua } = workplace;
  await trainWaves(workplace);
  const lines = writeWaves(30).trimEnd().split("\r\n");
  const late = lines.slice(21, 26).map((line) => line.replace("2024-01-01", "2024-01-09"));
  const csv = await write("gap.csv", [...lines.slice(0, 21), ...late].join("\n"));
  const { status, out, err } = await residua(["score", csv, "--model", "waves"]);
  assert.equal(status, 0);
  const rows = parse(out);
  assert.equal(rows.length, 25);
  assert.ok(rows.slice(0, 20).every(({ score }) => Number(score) > 0));
  assert.deepEqual(
    rows.slice(20).map(({ score, p_value, anomalous }) => `${score}${p_value}${anomalous}`),
    Array(5).fill(""),
  );
  assert.match(
    err,
    /^Note: A run of rows is shorter than a window of 8 and gives none \(5 rows in all\): gap\.csv rows 20-24\.\n$/,
  );
});

test("what is not there is said with what there is, and a pipe that closes early is no failure", async (t) => {
  const workplace = await createWorkplace(t);
  const { write, residua, models } = workplace;
  await trainWaves(workplace);
  const csv = await write("waves.csv", writeWaves(60));
  const failures: [string[], RegExp][] = [
    [[csv, "--model", "sea"], /^There is no model "sea" in .*; there is waves\.\n$/],
    [[csv, "--model", "waves", "--version", "7"], /^Model "waves" has no version 7; it has 1\.\n$/],
    [[csv, "--model", "waves", "--models", "/nowhere"], /^There is no folder of models \/nowhere\.\n$/],
    [
      [await write("other.csv", "a\n1\n2\n"), "--model", "waves"],
      /^other\.csv has no column "sin"; it has "a"\.\n$/,
    ],
  ];
  for (const [args, sentence] of failures) {
    const { status, err } = await residua(["score", ...args]);
    assert.match(err, sentence);
    assert.equal(status, 1);
  }
  const weights = join(models, "waves", "1", "weights.bin");
  const bytes = await readFile(weights);
  bytes[100]! ^= 1;
  await writeFile(weights, bytes);
  const broken = await residua(["score", csv, "--model", "waves"]);
  assert.equal(broken.status, 1);
  assert.match(broken.err, /^Version 1 of "waves" cannot be used: .*weights\.bin/);
});

test("models lists what is published; models verify tells the sound from the broken", async (t) => {
  const workplace = await createWorkplace(t);
  const { residua, models } = workplace;
  await mkdir(models);
  const none = await residua(["models"]);
  assert.equal(none.status, 0);
  assert.match(none.out, /There is no model in/);
  await trainWaves(workplace);
  await trainWaves(workplace);
  await writeFile(join(models, "waves", "aliases.json"), '{"stable": "1"}\n');
  const listed = await residua(["models"]);
  assert.equal(listed.status, 0);
  assert.match(
    listed.out,
    /^name +version +aliases +family +window +size +sha256\nwaves +2 +- +dense +8 x 2 +\d+ kB +[0-9a-f]{64}\nwaves +1 +stable +/,
  );
  const sound = await residua(["models", "verify"]);
  assert.deepEqual([sound.status, sound.out, sound.err], [0, "waves 2: ok\nwaves 1: ok\n", ""]);
  const golden = join(models, "waves", "2", "golden.json");
  await writeFile(golden, (await readFile(golden, "utf8")).replace("0.", "1."));
  const broken = await residua(["models", "verify", "--models", models]);
  assert.equal(broken.status, 1);
  assert.match(broken.out, /^waves 2: refused: .*golden\.json.*\nwaves 1: ok\n$/);
  assert.equal(broken.err, "1 of 2 versions are not sound.\n");
});
