/** Pages of Parquet hold no more than they may, in memory and in files. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { type FileMetaData, parquetMetadata } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { readDataset } from "../../src/data/dataset.js";
import { excessOf, LIMITS_OF_FILES } from "../../src/data/parquet-pages.js";
import { bytesSource } from "../../src/data/source.js";
import { InputError } from "../../src/errors.js";
import { fixturePath } from "./case-files.js";

const ROWS = 5000;
/** What the writer puts into a page. */
const PAGE_ROWS = 1000;
const values = Float64Array.from({ length: ROWS }, (_, row) => Math.sin(row / 9));
const file = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: "a", data: values, type: "DOUBLE" },
      { name: "b", data: Array.from(values, (_, row) => row % 3), type: "INT32" },
    ],
    codec: "UNCOMPRESSED",
    statistics: false,
  }),
);
const folder = await mkdtemp(join(tmpdir(), "residua-pages-"));
after(() => rm(folder, { recursive: true }));

const inMemory = (bytes: Uint8Array) =>
  readDataset([bytesSource("body", bytes, true)], { columns: ["a", "b"] });
async function asFile(bytes: Uint8Array) {
  const path = join(folder, "body");
  await writeFile(path, bytes);
  return readDataset([path], { columns: ["a", "b"] });
}

/** Both ways of reading; what they say has to be the same. */
async function read(bytes: Uint8Array): ReturnType<typeof inMemory> {
  const said = (error: unknown): unknown => (error instanceof InputError ? error.message : error);
  const results = await Promise.allSettled([inMemory(bytes), asFile(bytes)]);
  const [first, second] = results.map((result) =>
    result.status === "fulfilled" ? result.value.series : said(result.reason),
  );
  assert.deepEqual(first, second);
  const [memory] = results;
  if (memory.status === "rejected") throw memory.reason;
  return memory.value;
}

/** A varint of Thrift, zigzag. */
function zigZag(value: number): Buffer {
  const bytes: number[] = [];
  let left = value * 2;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80);
  return Buffer.from([...bytes, left]);
}

test("Parquet in memory, and from a file, is read as it was written", async () => {
  const { series } = await read(file);
  assert.equal(series[0]!.rows, ROWS);
  assert.deepEqual([series[0]!.values[2], series[0]!.values[3]], [values[1], 1]);
  // Where text is expected, it is none.
  await assert.rejects(readDataset([bytesSource("body", file)], { columns: ["a", "b"] }), InputError);
});

test("a page that says it has more values than there are rows is refused, before any is made", async () => {
  // The number of values is field 1 of the head of the page's kind: a byte 0x15, and the number.
  const said = Buffer.concat([Buffer.of(0x15), zigZag(PAGE_ROWS)]);
  const at = Buffer.from(file).indexOf(said);
  assert.ok(at > 0);
  const longer = Buffer.from(file);
  zigZag(8000).copy(longer, at + 1);
  assert.equal(zigZag(8000).length, zigZag(PAGE_ROWS).length);
  await assert.rejects(
    read(longer),
    /body is refused: a page has more values than its group of rows has rows\./,
  );
});

test("a page of millions of values that are all the same, a few hundred bytes, is refused in a body", async () => {
  const same = new Float64Array(2 ** 20 + 1).fill(20);
  const bytesOf = (pageSize: number) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: ["a", "b"].map((name) => ({ name, data: same, type: "DOUBLE" as const })),
        statistics: false,
        rowGroupSize: same.length,
        pageSize,
      }),
    );
  const bytes = bytesOf(2 ** 30);
  assert.ok(bytes.length < 1000);
  // Of a file, which has no such limit, all values would be read.
  await assert.rejects(
    inMemory(bytes),
    /body is refused: a page has 1048577 values, and one of up to 1048576 can be read here\.$/,
  );
});

test("a page that does not say how long its levels are is refused: its values would be looked for without an end", async () => {
  // Each field of the head is a byte, 0x15 for a 32-bit integer behind the field before it, and its number.
  let at = Buffer.from(file).indexOf(Buffer.concat([Buffer.of(0x15), zigZag(PAGE_ROWS)]));
  for (let field = 1; field < 5; field++) {
    assert.equal(file[at], 0x15);
    do at++;
    while (file[at]! >= 0x80);
    at++;
  }
  const wrong = Uint8Array.from(file);
  // Field 5 is now called 6.
  wrong[at] = 0x25;
  await assert.rejects(read(wrong), InputError);
});

test("whatever bytes are changed, the file is read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (changes, isNearEnd) => {
        const changed = Uint8Array.from(file);
        // Most of the file are values; heads stand at the ends of it.
        for (const [at, byte] of changes) changed[isNearEnd ? file.length - 1 - (at % 400) : at] = byte;
        await read(changed).catch((error: unknown) => {
          if (!(error instanceof InputError)) throw error;
        });
      },
    ),
    { numRuns: 200 },
  );
});

test("an index of pages has to name pages that were looked through", async () => {
  const columnData = [
    { name: "a", data: values, type: "DOUBLE" as const, offsetIndex: true },
    { name: "b", data: values, type: "DOUBLE" as const, offsetIndex: true },
  ];
  const indexed = new Uint8Array(
    parquetWriteBuffer({ columnData, codec: "UNCOMPRESSED", statistics: false, pageSize: 8000 }),
  );
  assert.equal((await read(indexed)).series[0]!.rows, ROWS);
  const { row_groups: groups } = parquetMetadata(indexed.buffer);
  const { offset_index_offset: offset, offset_index_length: length } = groups[0]!.columns[0]!;
  assert.ok(offset !== undefined && length !== undefined);
  // A location is a struct of three numbers, of which the first is the page's place: a byte 0x16, and the number.
  const index = Buffer.from(indexed.buffer, Number(offset), length);
  const at = Number(offset) + index.indexOf(0x16) + 1;
  const moved = Uint8Array.from(indexed);
  moved[at]! ^= 0x02;
  await assert.rejects(read(moved), /body is refused: the index of its pages names one that is not there\./);
});

test("pages that say the least and largest of their values are read from memory too, as pyarrow writes them", async () => {
  for (const name of ["types", "plain-snappy", "plain-zstd"]) {
    const path = fixturePath(`parquet/${name}.parquet`);
    const options = name === "types" ? { groupColumn: "machine" } : {};
    const fromMemory = await readDataset([bytesSource("body", await readFile(path), true)], options);
    const fromFile = await readDataset([path], options);
    assert.ok(fromFile.series[0]!.rows > 0);
    assert.deepEqual(
      fromMemory.series.map(({ values: read }) => read),
      fromFile.series.map(({ values: read }) => read),
    );
  }
});

test("a head that is longer than what is read at once is read whole", async () => {
  const longest = 200_000;
  const text = Buffer.alloc(longest, "x");
  // Kind, sizes of the page, and a head of data: count, three encodings, statistics with the largest value as it is.
  const sizes = [0x15, 0x00, 0x15, 0x14, 0x15, 0x14];
  const data = [0x2c, 0x15, 0x0a, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x1c];
  const head = [...sizes, ...data, 0x18, 0xc0, 0x9a, 0x0c];
  const page = Buffer.concat([Buffer.from(head), text, Buffer.of(0, 0, 0), Buffer.alloc(10)]);
  const bytes = Buffer.concat([page, page]);
  const metadata = (values: number) => {
    const chunk = {
      path_in_schema: ["note"],
      data_page_offset: 0n,
      total_compressed_size: BigInt(bytes.length),
    };
    return {
      row_groups: [{ num_rows: BigInt(values), columns: [{ meta_data: chunk }] }],
    } as unknown as FileMetaData;
  };
  const file = {
    byteLength: bytes.length,
    slice: (from: number, to = bytes.length) => Uint8Array.from(bytes.subarray(from, to)).buffer,
  };
  assert.equal(await excessOf(file, metadata(5), ["note"], LIMITS_OF_FILES), undefined);
  assert.match(
    (await excessOf(file, metadata(4), ["note"], LIMITS_OF_FILES)) ?? "",
    /more values than its group/,
  );
});
