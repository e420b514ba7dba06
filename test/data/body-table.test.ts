/** Series in the bodies of requests, read with what the model's section `data` says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readBodyTable } from "../../src/data/body-table.js";
import { dataSection } from "../../src/data/data-section.js";
import { datasetOptions, type ReadingValues } from "../../src/data/reading-options.js";
import { InputError } from "../../src/errors.js";
import { readCase } from "./case-files.js";
import { refusal } from "./refusal.js";

type Reading = Partial<ReadingValues>;

/** What the manifest of a model says that was trained on a case. */
async function manifestOf(file: string, reading: Reading = {}, names = ["temp", "flow"]) {
  const values = { columns: undefined, labelColumn: undefined, ...reading };
  const { taken } = await readCase(file, datasetOptions(values));
  return { features: names.map((name) => ({ name })), data: dataSection(taken!, values) };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const csv = (text: string, manifest: Parameters<typeof readBodyTable>[2]) =>
  readBodyTable(bytes(text), "csv", manifest);

test("columns are taken by name, in the model's order; others are passed over", async () => {
  const plain = await manifestOf("01_plain.csv");
  const text = "flow;note;time;temp\n100,5;x;2024-03-01 00:00:00;20,25\n101,5;y;2024-03-01 00:15:00;\n";
  const { rows, values, timestampsMs, notes } = await csv(text, plain);
  assert.equal(rows, 2);
  assert.deepEqual([...values], [20.25, 100.5, Number.NaN, 101.5]);
  assert.deepEqual([...timestampsMs!], [Date.UTC(2024, 2, 1), Date.UTC(2024, 2, 1, 0, 15)]);
  assert.deepEqual(notes, ["Times without a zone are taken as those of UTC."]);
});

test("a single new row is read with the time column and the order of day and month of training", async () => {
  const dayFirst = await manifestOf("06b_ddmmyyyy_unamb.csv");
  const one = await csv("time,temp,flow\n02/04/2024 00:00,20,100\n", dayFirst);
  assert.deepEqual([...one.timestampsMs!], [Date.UTC(2024, 3, 2)]);
  const split = await manifestOf("10_date_time_two_cols.csv");
  const joined = await csv("Date,Time,temp,flow\n2024-03-01,06:30:00,20,100\n", split);
  assert.deepEqual([...joined.timestampsMs!], [Date.UTC(2024, 2, 1, 6, 30)]);
  const epoch = await manifestOf("07e_epoch_other_name.csv");
  const seconds = await csv("unix_ts,temp,flow\n1709251200,20,100\n", epoch);
  assert.deepEqual([...seconds.timestampsMs!], [1709251200000]);
});

test("missing words and numbers of training count, and are said; the time zone holds", async () => {
  const manifest = await manifestOf("17_28.csv", { missing: ["Bad", "77"], timeZone: "Europe/Berlin" });
  assert.deepEqual(manifest.data.sentinels, { temp: [-999] });
  const text = "time,temp,flow\n2024-07-01 12:00:00,-999,Bad\n2024-07-01 12:15:00,20,77\n";
  const { values, timestampsMs, notes } = await csv(text, manifest);
  assert.deepEqual([...values], [Number.NaN, Number.NaN, 20, Number.NaN]);
  assert.equal(timestampsMs![0], Date.UTC(2024, 6, 1, 10));
  assert.deepEqual(notes, [
    '"temp": 1 reading is taken for missing, as in training.',
    "Times without a zone are taken as those of Europe/Berlin.",
  ]);
  const lines = await readBodyTable(bytes('\ufeff[-999,"Bad"]\n[20,77]\n[null,1e2]\n'), "ndjson", manifest);
  assert.deepEqual([...lines.values], [Number.NaN, Number.NaN, 20, Number.NaN, Number.NaN, 100]);
  const objects = '{"flow":"Bad","temp":-999}\n{"temp":20,"flow":77}\n';
  assert.deepEqual(
    [...(await readBodyTable(bytes(objects), "ndjson", manifest)).values],
    [Number.NaN, Number.NaN, 20, Number.NaN],
  );
});

test("a long body is read by the model's tags, and groups of a model may come one at a time", async () => {
  const long = await manifestOf("28_long.csv", { tagColumn: "tag", valueColumn: "value" });
  const text = "time,tag,value\n2024-03-01 00:00:00,temp,20\n2024-03-01 00:00:00,flow,100\n";
  assert.deepEqual([...(await csv(text, long)).values], [20, 100]);
  const grouped = await manifestOf("28c_long_groups.csv", { groupColumn: "machine" });
  const rows = ["2024-03-01 00:00:00,a,20,100", "2024-03-01 00:15:00,a,21,101"];
  assert.equal((await csv(`time,machine,temp,flow\n${rows.join("\n")}\n`, grouped)).rows, 2);
  assert.equal(
    await refusal(csv(`time,machine,temp,flow\n${rows.join("\n").replace(",a,21", ",b,21")}\n`, grouped)),
    'The body has rows of several groups ("a", "b"): a request is one series, so each group needs its own.',
  );
});

test("what is wrong is named with its line and column", async () => {
  const plain = await manifestOf("01_plain.csv");
  assert.equal(
    await refusal(csv("time,temp\n2024-03-01,20\n", plain)),
    'body has no column "flow"; it has "time", "temp".',
  );
  assert.match(
    await refusal(csv("temp,flow\n1,2\n3,x4\n", plain)),
    /^body line 3, column "flow": "x4" is not a number/,
  );
  assert.match(
    await refusal(csv("time,temp,flow\n2024-03-01,1,2\n2024-02-01,1,2\n", plain)),
    /^The time of row 1 of the body, counted from 0, is not after the one before/,
  );
  const lines = (text: string) => readBodyTable(bytes(text), "ndjson", plain);
  assert.equal(
    await refusal(lines("[1,2]\n[1]\n")),
    'body line 2 has 1 readings; the model has 2 features: "temp", "flow".',
  );
  assert.match(
    await refusal(lines('[1,2]\n[1,"x"]\n')),
    /^body line 2, column "flow": .* is not a number; null stands/,
  );
  assert.match(
    await refusal(lines("[1,2]\n{}\n")),
    /^body line 2: "\{\}" is not a JSON array, as the first line/,
  );
  assert.equal(
    await refusal(lines("[1,2]\n[NaN,2]\n")),
    'body line 2: "[NaN,2]" is not a JSON array, as the first line; NaN is not JSON: send null for a missing reading.',
  );
  assert.match(
    await refusal(lines('{"temp":1,"flow":2}\n{"temp":-Infinity,"flow":2}\n{"temp":1,"flow":2}\n')),
    /is not a JSON object; -Infinity is not JSON: send null for a missing reading\.$/,
  );
  assert.match(await refusal(csv("", plain)), /no rows/);
});

test("lines of many names cost what their size costs", async () => {
  const plain = await manifestOf("01_plain.csv");
  const row = '{"temp":1,"flow":2}\n';
  const wide = (letter: string, names: number) =>
    `{"temp":1,"flow":2,${Array.from({ length: names }, (_, i) => `"${letter}${i}":1`).join(",")}}\n`;
  // The first lines say which names there are.
  for (const [text, refused] of [
    [`${wide("a", 2000)}${row.repeat(2200)}${wide("b", 40_000)}`, undefined],
    [`${wide("a", 40_000)}${row.repeat(2200)}`, /have 40002 different names, and nearly all are missing/],
  ] as const) {
    const before = process.cpuUsage();
    const read = readBodyTable(bytes(text), "ndjson", plain);
    if (refused === undefined) assert.equal((await read).rows, 2202);
    else assert.match(await refusal(read), refused);
    const { user, system } = process.cpuUsage(before);
    // A cell for each name in each line would take half a minute, and a busy machine takes up to four times as long.
    assert.ok(user + system < 12e6, `${(user + system) / 1e6} s of CPU`);
  }
});

test("compressed bytes are not decompressed", async () => {
  const plain = await manifestOf("01_plain.csv");
  const body = gzipSync("temp,flow\n1,2\n3,4\n");
  await assert.rejects(readBodyTable(body, "csv", plain), (error: unknown) => error instanceof InputError);
});

test("a model without the section is read for by its names", async () => {
  const { values } = await csv("flow,temp\n1,2\n", {
    features: [{ name: "temp" }, { name: "flow" }],
  } as never);
  assert.deepEqual([...values], [2, 1]);
});
