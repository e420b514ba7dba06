/** Parquet files: the same data sets as from text, in every type that a column of readings may have. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { type DatasetOptions, readDataset } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";
import { fixturePath, learnt, readCase } from "./case-files.js";
import { refusal } from "./refusal.js";

type WriteOptions = Parameters<typeof parquetWriteBuffer>[0];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-parquet-"));
});
after(() => rm(folder, { recursive: true }));

async function read(written: WriteOptions, options: DatasetOptions = {}) {
  const path = join(folder, "data.parquet");
  await writeFile(path, Buffer.from(parquetWriteBuffer(written)));
  return readDataset([path], options);
}

const START = Date.parse("2024-03-01T00:00:00Z");
const times = (rows: number, stepMs = 900_000) =>
  Array.from({ length: rows }, (_, row) => new Date(START + row * stepMs));

test("files of pyarrow give what the same text gives, whatever the compression", async () => {
  const plain = learnt(await readCase("01_plain.csv"));
  for (const codec of ["snappy", "zstd", "gzip", "brotli", "lz4"]) {
    const dataset = await readDataset([fixturePath(`parquet/plain-${codec}.parquet`)]);
    assert.deepEqual(learnt(dataset), plain, codec);
    assert.deepEqual(dataset.notes, []);
  }
});

test("types of pyarrow: nulls, dictionaries, decimals, float32, unsigned, times on a local clock, groups", async () => {
  const path = fixturePath("parquet/types.parquet");
  const dataset = await readDataset([path], { groupColumn: "machine", timeZone: "Europe/Berlin" });
  const text = await readDataset([fixturePath("parquet/types.csv")], {
    groupColumn: "machine",
    timeZone: "Europe/Berlin",
  });
  assert.deepEqual(learnt(dataset), learnt(text));
  assert.deepEqual(
    dataset.taken!.leftOut.map(({ name, reason }) => `${name}: ${reason}`),
    [
      "position: it is nested (a list, map or struct)",
      "spectrum: it is nested (a list, map or struct)",
      "raw: it holds bytes",
    ],
  );
  assert.deepEqual(dataset.taken!.sentinels, { temp: [-9999.9] });
  assert.match(
    await refusal(readDataset([path], { columns: ["temp", "spectrum"] })),
    /types.parquet: the column "spectrum" cannot be read: it is nested \(a list, map or struct\)\./,
  );
  assert.equal(
    (await readDataset([path], { exclude: ["spectrum"], groupColumn: "machine" })).files[0]!.rows,
    60,
  );
});

test("what was written is read, with any size of groups of rows and pages", async () => {
  const reading = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((x) => x || 0),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(reading, reading), { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 16, max: 400 }),
      async (rows, rowGroupSize, pageSize) => {
        const dataset = await read(
          {
            columnData: [
              { name: "timestamp", data: times(rows.length), type: "TIMESTAMP" },
              { name: "a", data: rows.map(([a]) => a), type: "DOUBLE" },
              { name: "b", data: rows.map(([, b]) => b), type: "DOUBLE" },
            ],
            rowGroupSize,
            pageSize,
          },
          { columns: ["a", "b"] },
        );
        assert.deepEqual(
          [...dataset.series[0]!.values],
          rows.flatMap((row) => row.map((value) => value ?? Number.NaN)),
        );
        assert.deepEqual(
          [...dataset.series[0]!.timestampsMs!],
          times(rows.length).map((time) => time.getTime()),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("more rows than are decoded at once are all there, in order", async () => {
  const count = 150_000;
  const data = Array.from({ length: count }, (_, row) => Math.sin(row) + row * 1e-9);
  const dataset = await read({
    columnData: [
      { name: "time", data: times(count, 1000), type: "TIMESTAMP" },
      { name: "x", data, type: "DOUBLE" },
    ],
    rowGroupSize: 140_000,
  });
  assert.deepEqual([...dataset.series[0]!.values], data);
  assert.equal(dataset.taken!.time!.stepMs, 1000);
});

test("numbers are read as they are though a column of text has decimal commas", async () => {
  const rows = 40;
  const dataset = await read({
    columnData: [
      { name: "flow", data: Array.from({ length: rows }, (_, row) => 1.109 + row / 1000), type: "DOUBLE" },
      { name: "text", data: Array.from({ length: rows }, (_, row) => `${row},5`), type: "STRING" },
    ],
  });
  assert.equal(dataset.series[0]!.values[0], 1.109);
  assert.equal(dataset.series[0]!.values[1], 0.5);
});

test("an error names the row and the column", async () => {
  const columnData = [
    { name: "x", data: [1, 2, Number.POSITIVE_INFINITY, 4], type: "DOUBLE" as const },
    { name: "y", data: [1, 2, 3, 5], type: "DOUBLE" as const },
  ];
  assert.match(
    await refusal(read({ columnData })),
    /data.parquet row 3, column "x": "Infinity" is not a finite number/,
  );
});

test("a damaged, cut or encrypted file is refused in a sentence, whatever byte is wrong", async () => {
  const path = join(folder, "damaged.parquet");
  const whole = await readFile(fixturePath("parquet/plain-snappy.parquet"));
  await writeFile(path, whole);
  await truncate(path, whole.length - 100);
  assert.match(
    await refusal(readDataset([path])),
    /^damaged.parquet is damaged: it cannot be read as Parquet \(.+\)\.$/,
  );
  await writeFile(path, "PARE and more bytes PARE");
  assert.match(await refusal(readDataset([path])), /^damaged\.parquet is encrypted/);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= change;
        await writeFile(path, bytes);
        await readDataset([path]).catch((error: unknown) => {
          assert.ok(error instanceof InputError, String((error as Error).stack));
        });
      },
    ),
    { numRuns: 200 },
  );
});
