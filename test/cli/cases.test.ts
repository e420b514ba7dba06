/** Files in the shapes people have, trained on and scored from the command line. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createWorkplace, type Workplace } from "./residua-process.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "test", "fixtures", "cases");
const QUICK = ["--timesteps", "16", "--units", "8", "--epochs", "3"];

async function train({ residua }: Workplace, file: string, name: string, options: readonly string[] = []) {
  const { status, out, err } = await residua([
    "train",
    join(folder, file),
    "--name",
    name,
    ...QUICK,
    ...options,
  ]);
  assert.equal(status, 0, err);
  return { out, err };
}

async function score({ residua }: Workplace, file: string, name: string, options: readonly string[] = []) {
  const { status, out, err } = await residua(["score", join(folder, file), "--model", name, ...options]);
  assert.equal(status, 0, err);
  const rows = out.trimEnd().split("\n").slice(1);
  return { err, rows: rows.map((row) => row.split(",")) };
}

async function manifestOf({ models }: Workplace, name: string) {
  return JSON.parse(await readFile(join(models, name, "1", "manifest.json"), "utf8"));
}

test("train prints what was taken and keeps it; score says where a file differs", async (t) => {
  const workplace = await createWorkplace(t);
  const { out } = await train(workplace, "12_units_row.csv", "plant");
  assert.match(
    out,
    /^time: "time" \(YYYY-MM-DD hh:mm:ss\), 2024-03-01T00:00:00Z to 2024-03-03T11:45:00Z; step 15 min, 0 duplicates, 0 gaps, in order$/m,
  );
  assert.match(out, /^temp +°C +16\.811 +20\.441 +23\.189 +0 +235$/m);
  const { data, features } = await manifestOf(workplace, "plant");
  assert.deepEqual(features, [
    { name: "temp", unit: "°C" },
    { name: "flow", unit: "m3/h" },
  ]);
  assert.equal(data.version, 1);
  assert.equal(data.time.stepMs, 900_000);
  const same = await score(workplace, "01_plain.csv", "plant");
  assert.equal(same.err, "");
  const faster = await score(workplace, "45_one_minute.csv", "plant");
  assert.match(faster.err, /The step is 60 s, and that of the training data was 900 s/);
  const missing = await score(workplace, "17_28.csv", "plant");
  assert.match(missing.err, /-999 \(3 rows\) is taken for a missing reading/);
});

test("a model trained by machine is scored by machine, unasked; one machine may come alone", async (t) => {
  const workplace = await createWorkplace(t);
  await train(workplace, "28c_long_groups.csv", "machines", ["--group-column", "machine"]);
  assert.deepEqual((await manifestOf(workplace, "machines")).data.reading, { groupColumn: "machine" });
  const unasked = await score(workplace, "28c_long_groups.csv", "machines");
  const asked = await score(workplace, "28c_long_groups.csv", "machines", ["--group-column", "machine"]);
  assert.deepEqual(unasked.rows, asked.rows);
  assert.equal(unasked.err, "");
  const alone = await score(workplace, "01_plain.csv", "machines");
  assert.equal(alone.rows.length, 240);
});

test("a long file is trained on by tag, and a wide one of the same readings scores as it does", async (t) => {
  const workplace = await createWorkplace(t);
  await train(workplace, "28_long.csv", "long", ["--tag-column", "tag", "--value-column", "value"]);
  const long = await score(workplace, "28_long.csv", "long");
  const wide = await score(workplace, "01_plain.csv", "long");
  assert.deepEqual(long.rows, wide.rows);
});

test("Parquet and zstd are trained on and scored as the same rows in CSV are", async (t) => {
  const workplace = await createWorkplace(t);
  const { out } = await train(workplace, "../parquet/plain-zstd.parquet", "plant");
  const text = await train(workplace, "01_plain.csv", "text");
  assert.equal(out.match(/^threshold: .*/m)![0], text.out.match(/^threshold: .*/m)![0]);
  const csv = await score(workplace, "01_plain.csv", "plant");
  for (const file of ["plain-snappy.parquet", "plain.csv.zst"]) {
    const other = await score(workplace, `../parquet/${file}`, "plant");
    assert.deepEqual(
      other.rows.map((row) => row.slice(1)),
      csv.rows.map((row) => row.slice(1)),
    );
    assert.equal(other.err, "");
  }
});

test("a model that resamples scores faster rows by its own step, unasked, and answers for each of them", async (t) => {
  const workplace = await createWorkplace(t);
  const { out, err } = await train(workplace, "01_plain.csv", "quarter", ["--resample", "15m"]);
  assert.match(err, /^Note: 240 rows are resampled to 240 \(mean of every 900 s\)\.$/m);
  assert.match(out, /^resampled: 240 rows, the mean of every 15 min$/m);
  assert.deepEqual((await manifestOf(workplace, "quarter")).data.reading, { resample: 900_000 });
  const plain = await score(workplace, "01_plain.csv", "quarter");
  // Each reading of every 15 minutes, a minute for a minute: the same means, so the same scores.
  const [header, ...lines] = (await readFile(join(folder, "01_plain.csv"), "utf8")).trimEnd().split("\n");
  const minutes = lines.flatMap((line) => {
    const [time, ...cells] = line.split(",");
    const from = Date.parse(`${time!.replace(" ", "T")}Z`);
    return Array.from({ length: 15 }, (_, minute) =>
      [new Date(from + minute * 60_000).toISOString(), ...cells].join(","),
    );
  });
  const file = join(workplace.folder, "minutes.csv");
  await writeFile(file, `${header}\n${minutes.join("\n")}\n`);
  const faster = await workplace.residua(["score", file, "--model", "quarter"]);
  assert.equal(faster.status, 0, faster.err);
  assert.match(faster.err, /^Note: 3600 rows are resampled to 240/m);
  assert.doesNotMatch(faster.err, /The step is/);
  const rows = faster.out.trimEnd().split("\n").slice(1);
  assert.equal(rows.length, 3600);
  const scores = plain.rows.map((row) => row.slice(1).join(","));
  assert.deepEqual(
    rows.map((row) => row.split(",").slice(1).join(",")),
    scores.flatMap((own) => Array.from({ length: 15 }, () => own)),
  );
  const renewed = await workplace.residua(["renew", "quarter", file, "--calibrate-only"]);
  assert.match(renewed.err, /^Note: 3600 rows are resampled to 240/m, renewed.out);
});

test("the same rows the other way round, and in another form, get the same scores", async (t) => {
  const workplace = await createWorkplace(t);
  await train(workplace, "49_saw_iso_asc.csv", "saw");
  const ascending = await score(workplace, "49_saw_iso_asc.csv", "saw");
  const descending = await score(workplace, "49b_saw_ddmm_desc.csv", "saw");
  const scores = ({ rows }: typeof ascending) => rows.map((row) => row.slice(1));
  // The readings of the second file have the same three decimals.
  assert.deepEqual(scores(descending).reverse(), scores(ascending));
});

test("the next run of a test bench scores as the first, whatever its clock says", async (t) => {
  const workplace = await createWorkplace(t);
  await train(workplace, "51_elapsed_train.csv", "bench");
  const scores = async (file: string) =>
    (await score(workplace, file, "bench")).rows.map((row) => row.slice(1));
  assert.deepEqual(await scores("51b_elapsed_next_run.csv"), await scores("51_elapsed_train.csv"));
});

test("a fault is found whether missing readings were written as -9999 or left out", async (t) => {
  const workplace = await createWorkplace(t);
  for (const [name, file] of [
    ["sentinel", "61_sentinel_train.csv.gz"],
    ["missing", "61b_missing_train.csv.gz"],
  ] as const) {
    await train(workplace, file, name, ["--epochs", "8", "--windows-per-epoch", "512"]);
    const events = join(workplace.folder, `${name}.json`);
    await score(workplace, "61c_fault_15_degrees.csv.gz", name, ["--events", events]);
    const found = JSON.parse(await readFile(events, "utf8")).events as {
      features: { name: string }[];
      score: number;
    }[];
    const worst = found.reduce((best, event) => (event.score > best.score ? event : best));
    assert.equal(worst.features[0]!.name, "temp");
  }
});

test("inspect prints the table, and JSON with the fields of the interface", async (t) => {
  const { residua } = await createWorkplace(t);
  const table = await residua(["inspect", join(folder, "33_qual.csv"), "--exclude", "flow"]);
  assert.equal(table.status, 0, table.err);
  assert.match(table.out, /^left out: "flow": --exclude names it$/m);
  assert.match(table.err, /^Note: "temp_quality" has only 2 different values/m);
  const json = await residua([
    "inspect",
    join(folder, "28c_long_groups.csv"),
    "--group-column",
    "machine",
    "--json",
  ]);
  const taken = JSON.parse(json.out);
  assert.deepEqual(Object.keys(taken).slice(0, 6), ["rows", "time", "group", "features", "leftOut", "notes"]);
  assert.deepEqual(taken.group.values, ["1", "2", "3"]);
  assert.deepEqual(Object.keys(taken.features[0]), [
    "name",
    "unit",
    "min",
    "median",
    "max",
    "missing",
    "distinct",
  ]);
  const refused = await residua(["inspect", join(folder, "28c_long_groups.csv")]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /--group-column machine/);
});
