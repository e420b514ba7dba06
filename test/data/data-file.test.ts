import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type FileOptions, readDataFile } from "../../src/data/data-file.js";
import { refusal } from "./refusal.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-csv-"));
});
after(() => rm(folder, { recursive: true }));

async function read(text: string | Uint8Array, options: FileOptions = {}, name = "data.csv") {
  const path = join(folder, name);
  await writeFile(path, text);
  return readDataFile(path, options);
}

function values(file: Awaited<ReturnType<typeof read>>): Record<string, number[]> {
  return Object.fromEntries(file.features.map((feature) => [feature.name, [...feature.values]]));
}

test("whatever the dialect, the numbers that were written are read", async () => {
  const cell = fc.oneof(
    // String() writes -0 as 0.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x || 0),
    fc.constantFrom(Number.NaN, 0, 1e300, 5e-324),
  );
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 30 }),
    );
  const dialect = fc.record({
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    newline: fc.constantFrom("\n", "\r\n"),
    quoted: fc.boolean(),
    bom: fc.boolean(),
    gzip: fc.boolean(),
    header: fc.boolean(),
    missing: fc.constantFrom("", "NaN", "null", "NA", "nan"),
    lastNewline: fc.boolean(),
    space: fc.constantFrom("", " "),
  });
  await fc.assert(
    fc.asyncProperty(table, dialect, async (rows, d) => {
      const width = rows[0]!.length;
      // A first cell that is a number says that each column is one.
      const written = [new Array<number>(width).fill(7), ...rows];
      const line = (cells: string[]) =>
        cells.map((text) => (d.quoted ? `"${text}"` : `${d.space}${text}${d.space}`)).join(d.delimiter);
      const lines = written.map((row) => line(row.map((x) => (Number.isNaN(x) ? d.missing : String(x)))));
      const names = Array.from({ length: width }, (_, index) => (d.header ? `n "${index}"` : `c${index}`));
      if (d.header) lines.unshift(names.map((name) => `"${name.replaceAll('"', '""')}"`).join(d.delimiter));
      const text = (d.bom ? "\ufeff" : "") + lines.join(d.newline) + (d.lastNewline ? d.newline : "");
      const file = await read(d.gzip ? gzipSync(text) : text);
      assert.equal(file.header, d.header);
      // An empty last line of a one-column file is the end of the file, not a reading.
      const last = written.findLastIndex((row) => width > 1 || d.missing !== "" || !Number.isNaN(row[0]!));
      for (const [index, feature] of file.features.entries()) {
        assert.equal(feature.name, names[index]);
        assert.deepEqual(
          [...feature.values],
          written.slice(0, last + 1).map((row) => row[index]),
        );
      }
      assert.equal(file.features.length, width);
    }),
    { numRuns: 150 },
  );
});

test("one number as large as a time does not make a time of its column", async () => {
  const file = await read("a,b\n7,1\n946684800000000,2\n");
  assert.deepEqual(values(file), { a: [7, 946684800000000], b: [1, 2] });
  assert.equal(file.time, undefined);
});

test("an error names file, line and column", async () => {
  const rows = Array.from({ length: 15 }, (_, row) => `${row},${row}.5`).join("\n");
  assert.equal(
    await refusal(read(`Flow,Pressure\n${rows}\n16,abc\n`)),
    'data.csv line 17, column "Pressure": "abc" is not a number (--missing abc takes it for a missing reading, --exclude leaves the column out).',
  );
  assert.equal(
    await refusal(read('a;b\r\n1;"x\r\ny"\r\n2;z\r\nq;4\r\n')),
    'data.csv line 5, column "a": "q" is not a number (--missing q takes it for a missing reading, --exclude leaves the column out).',
  );
  assert.match(
    await refusal(read("a,b\n1,2\n1,1e999\n")),
    /line 3, column "b": "1e999" is larger than a number can be/,
  );
  assert.match(
    await refusal(read("a;b\n1.25;2\n1.5;2\n1,5;2\n")),
    /line 4, column "a": "1,5" is not a number as the column writes them \(--decimal says/,
  );
  assert.match(await refusal(read("a,b\n1,2\n0x10,2\n")), /line 3, column "a": "0x10" is not a number/);
  assert.match(await refusal(read("a,b\n1,2\nInfinity,2\n")), /"Infinity" is not a finite number/);
  assert.equal(await refusal(read("a,b\n1,2\n3\n")), "data.csv line 3 has 1 cell; the header has 2.");
  assert.match(
    await refusal(read("timestamp,a\n2020-01-01,1\n2020-02-30,2\n")),
    /line 3, column "timestamp": "2020-02-30" is not a time/,
  );
  assert.match(
    await refusal(read("a,b\nx,1\n", { columns: ["a"] })),
    /line 2, column "a": "x" is not a number/,
  );
  assert.match(await refusal(read("a,b\n1,1\n", { columns: ["z"] })), /has no column "z"; it has "a", "b"/);
  assert.match(
    await refusal(read("a,b\n1,1\n1,maybe\n", { labelColumn: "b" })),
    /line 3, column "b": "maybe" is not a label/,
  );
  assert.match(await refusal(read("a,a\n1,1\n")), /two columns named "a"/);
  assert.match(await refusal(read("")), /no rows of data/);
  assert.match(await refusal(read("a,b\n")), /no rows of data after its header/);
  assert.match(await refusal(read('a,b\n1,"2\n3,4\n')), /data\.csv: Quote Not Closed.*line/);
  assert.match(
    await refusal(read(gzipSync("a\n1\n2\n").subarray(0, 22))),
    /damaged: it cannot be decompressed/,
  );
  await assert.rejects(readDataFile(join(folder, "nowhere.csv")), /There is no file .*nowhere\.csv/);
  await assert.rejects(readDataFile(folder), /is a folder/);
});

test("columns are numeric, text, or nothing, and text is no feature", async () => {
  const file = await read(",a,status,b,none\n0,1,ok,,\n1,2,bad,NaN,\n2,3,ok,5,\n");
  assert.deepEqual(values(file), { a: [1, 2, 3], b: [Number.NaN, Number.NaN, 5] });
  assert.deepEqual(file.leftOut, [
    { name: "status", reason: 'it holds text, such as "ok"' },
    { name: "none", reason: "it is empty" },
  ]);
});

test("a first line of numbers is data, unless it is said to be names", async () => {
  assert.deepEqual(values(await read("1,2\n3,4\n")), { c0: [1, 3], c1: [2, 4] });
  assert.deepEqual(values(await read("1,2\n3,4\n", { header: true })), { 1: [3], 2: [4] });
  assert.deepEqual(values(await read("1,2\n3,4\n", { columns: ["1"] })), { c1: [2, 4] });
  const stamped = await read("2020-01-01 00:00:00,5\n2020-01-01 00:00:01,6\n");
  assert.deepEqual(values(stamped), { c1: [5, 6] });
  assert.deepEqual([...stamped.time!.ms], [1577836800000, 1577836801000]);
  assert.match(
    await refusal(read("a,b\n1,2\n", { header: false, columns: ["c0"] })),
    /line 1, column "c0": "a" is not a number/,
  );
});

test("columns of blanks, aligned as the UCR archive has them", async () => {
  const file = await read("   1.0e+00  -1.5e+00\n   2.0e+00   3.5e+00\n");
  assert.deepEqual(values(file), { c0: [1, 2], c1: [-1.5, 3.5] });
  assert.deepEqual(values(await read("   6.5e+01\n   7.5e+01\n")), { c0: [65, 75] });
});

test("an empty line between readings of one column is a missing one; elsewhere it is nothing", async () => {
  assert.deepEqual(values(await read("\nvalue\n\n1\n\n\n2\n\n")), {
    value: [Number.NaN, 1, Number.NaN, Number.NaN, 2],
  });
  assert.deepEqual(values(await read("a,b\n\n1,2\n\n3,4\n\n")), { a: [1, 3], b: [2, 4] });
});

test("times: RFC 3339, dates with or without a clock, seconds and milliseconds since 1970", async () => {
  const expected = Date.UTC(2020, 2, 9, 10, 14, 33);
  for (const written of [
    "2020-03-09 10:14:33",
    "2020-03-09T10:14:33Z",
    "2020-03-09T11:14:33+01:00",
    "2020/03/09 10:14:33",
    "2020-03-09 10:14:33.000",
    String(expected / 1000),
    String(expected),
    String(expected * 1000),
  ]) {
    const file = await read(`Time;a\n${written};1\n`, { keepTimeText: true });
    assert.deepEqual([...file.time!.ms], [expected], written);
    assert.deepEqual(file.time!.text, [written]);
    assert.deepEqual(values(file), { a: [1] });
  }
  const fraction = await read("timestamp,a\n2020-03-09T10:14:33.25Z,1\n");
  assert.equal(fraction.time!.ms[0], expected + 250);
  assert.equal((await read("when,a\n5,1\n")).time, undefined);
  assert.deepEqual([...(await read("when,a\n5,1\n", { timeColumn: "when" })).time!.ms], [5000]);
});

test("rows, groups and labels", async () => {
  const text = "g,a,bad\nx,1,0\ny,2,1.0\nx,3,false\ny,4,true\nx,oops,0\n";
  const file = await read(text, { groupColumn: "g", labelColumn: "bad", rows: { from: 1, to: 4 } });
  assert.deepEqual(values(file), { a: [2, 3, 4] });
  assert.deepEqual(file.groups, { of: Int32Array.of(0, 1, 0), names: ["y", "x"] });
  assert.deepEqual([...file.anomalous!], [1, 0, 1]);
  assert.equal(file.firstRow, 1);
  assert.match(
    await refusal(read(text, { rows: { from: 50, to: 60 } })),
    /5 rows of data, none of them from row 50 on/,
  );
});
