/** Files in the shapes people have: what is said of them, and what options change. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readDataset } from "../../src/data/dataset.js";
import { bytesSource } from "../../src/data/source.js";
import { column, casesFolder as folder, learnt, readCase as read } from "./case-files.js";

const temps = column(await read("01_plain.csv"), "temp");

test("decimal commas without quotes are read where --decimal says so", async () => {
  const dataset = await read("04d_comma_deccomma_noquote_nohdr.csv", { decimal: "," });
  assert.deepEqual(column(dataset, "c0"), temps);
});

test("thousands are read, and said", async () => {
  const english = await read("05_thousands.csv");
  assert.deepEqual(column(english, "flow").slice(0, 3), [1109.5, 1110.22, 1109.84]);
  assert.match(english.notes.join(), /"flow" is read with "," between thousands/);
  const german = await read("05d_thousands_point_de.csv");
  assert.deepEqual(column(german, "flow").slice(0, 3), [1109, 1110, 1109]);
  assert.deepEqual(column(german, "temp"), temps);
  assert.match(german.notes.join(), /"flow" is read with "\." between thousands and "," before decimals/);
});

test("a clock that is set back keeps the order of the file, and is named", async () => {
  for (const file of ["08b_local_dst_fall.csv", "08d_tzname.csv"]) {
    const dataset = await read(file);
    assert.deepEqual(column(dataset, "temp"), temps);
    assert.match(
      dataset.notes.join(),
      /clock was set back by an hour once .*4 rows have a time that is there twice/,
    );
    assert.equal(dataset.taken!.time!.duplicates, 4);
  }
});

test("duplicates are counted, and what was done is said", async () => {
  const some = await read("11_duplicated.csv");
  assert.equal(some.taken!.time!.duplicates, 5);
  assert.match(some.notes.join("\n"), /5 of 245 rows have the time of the row before; all are kept/);
  const twice = await read("62_every_row_twice.csv");
  assert.match(
    twice.notes.join(),
    /240 of 480 rows have the time of the row before \(every row stands there twice\)/,
  );
});

test("units come from the row under the header, from names and from cells", async () => {
  const units = async (file: string) => (await read(file)).taken!.features.map(({ unit }) => unit);
  assert.deepEqual(await units("12_units_row.csv"), ["°C", "m3/h"]);
  assert.deepEqual(await units("30_cp1252.csv"), ["°C", null]);
  assert.deepEqual(await units("19d_percent.csv"), ["%", null]);
  assert.deepEqual(await units("83_toa5.dat"), ["Deg C", "L/s"]);
  assert.deepEqual(column(await read("19d_percent.csv"), "temp"), temps);
});

test("a last line that is cut off is left out, and said", async () => {
  const dataset = await read("16c_last_cut.csv");
  assert.equal(dataset.taken!.rows, 239);
  assert.match(dataset.notes.join(), /the last line is cut off and left out \(line 241\)/);
});

test("a sentinel is taken for missing, and said; it can be kept", async () => {
  const dataset = await read("17_28.csv");
  assert.equal(column(dataset, "temp").filter(Number.isNaN).length, 3);
  assert.match(
    dataset.notes.join(),
    /"temp": -999 \(3 rows\) is taken for a missing reading; --keep-values -999/,
  );
  const kept = await read("17_28.csv", { keepValues: [-999] });
  assert.equal(column(kept, "temp").filter((value) => value === -999).length, 3);
  assert.deepEqual(
    learnt(await read("61_sentinel_train.csv.gz")),
    learnt(await read("61b_missing_train.csv.gz")),
  );
});

test("a word is taken for missing where --missing names it", async () => {
  const dataset = await read("17z_mid_text.csv", { missing: ["bad"] });
  assert.deepEqual(column(dataset, "temp"), [Number.NaN, ...temps.slice(1)]);
});

test("true and false are 1 and 0", async () => {
  const dataset = await read("18_bool_truefalse.csv");
  assert.deepEqual([...new Set(column(dataset, "running"))], [1, 0]);
});

test("a column without a name is never dropped in silence, and can be chosen", async () => {
  const dataset = await read("22c_no_names_some.csv");
  assert.deepEqual(dataset.features, ["flow"]);
  assert.match(dataset.notes.join(), /it has no name: .* choose it with --columns as c1/);
  assert.deepEqual(column(await read("22c_no_names_some.csv", { columns: ["c1"] }), "c1"), temps);
});

test("a column of codes is noted", async () => {
  assert.match(
    (await read("33_qual.csv")).notes.join(),
    /"temp_quality" has only 2 different values \(0, 192\).*--exclude/,
  );
});

test("machines in one file are series of their own", async () => {
  const dataset = await read("28c_long_groups.csv", { groupColumn: "machine" });
  assert.deepEqual(dataset.taken!.group, {
    column: "machine",
    values: ["1", "2", "3"],
    rows: [240, 240, 240],
  });
  assert.deepEqual(dataset.features, ["temp", "flow"]);
});

test("the same times in two forms give the same rows and gaps", async () => {
  assert.deepEqual(learnt(await read("48_ddmm_gap.csv")), learnt(await read("48b_iso_gap.csv")));
  assert.deepEqual(
    learnt(await read("49b_saw_ddmm_desc.csv")).series[0]!.times,
    learnt(await read("49_saw_iso_asc.csv")).series[0]!.times,
  );
  const [compact, iso] = [await read("50_yyyymmdd_3y.csv"), await read("50b_iso_3y.csv")].map(learnt);
  assert.deepEqual(compact!.series[0]!.times, iso!.series[0]!.times);
});

test("elapsed time is no feature", async () => {
  const dataset = await read("51_elapsed_train.csv");
  assert.deepEqual(dataset.features, ["temp"]);
  assert.equal(dataset.taken!.time!.stepMs, 500);
  assert.match(dataset.notes.join(), /"Time \(s\)" is taken as elapsed time/);
});

test("of river sensors, every NULL and every -9999 is missing, and none of the other readings", async () => {
  const columns = ["temp", "cond", "ph", "do"];
  const dataset = await read("river.csv", { columns });
  const lines = (await readFile(join(folder, "river.csv"), "utf8")).trimEnd().split("\n");
  const names = lines[0]!.split(",");
  for (const [index, name] of columns.entries()) {
    const cells = lines.slice(1).map((line) => line.split(",")[names.indexOf(name)]!);
    const expected = cells.map((cell) => (cell === "NULL" || cell === "-9999" ? Number.NaN : Number(cell)));
    assert.deepEqual(column(dataset, name), expected);
    assert.equal(dataset.taken!.features[index]!.missing, expected.filter(Number.isNaN).length);
  }
  const all = await read("river.csv");
  assert.deepEqual(all.features, ["temp", "temp_qual", "cond", "cond_qual", "ph", "do"]);
});

test("the number of an instrument that is out of its range is no reading", async () => {
  const { taken } = await read("89_overload.csv");
  assert.deepEqual(
    taken!.features.map(({ missing }) => missing),
    [0, 4],
  );
  assert.deepEqual(taken!.sentinels, { flow: [9.91e37] });
});

const NO_TABLES: readonly [begin: string, message: RegExp][] = [
  ["PK\u0003\u0004", /is a ZIP archive, as an \.xlsx workbook is: save its sheet as CSV/],
  ["\u00d0\u00cf\u0011\u00e0", /such as an \.xls workbook: save its sheet as CSV/],
  ["\u0089HDF\r\n", /is an HDF5 file/],
  ["<!doctype html><title>Sign in</title>", /is a page of HTML: it may be a message of the server/],
];

for (const [begin, message] of NO_TABLES) {
  test(`what begins with ${JSON.stringify(begin)} is no table, and what can be done is said`, async () => {
    const bytes = Buffer.concat([Buffer.from(begin, "latin1"), Buffer.from([0xff, 0xfe, 0x81, 0x0a, 0x99])]);
    await assert.rejects(readDataset([bytesSource("table.csv", bytes)]), message);
  });
}
