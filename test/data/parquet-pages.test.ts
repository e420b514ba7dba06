/** Parquet from elsewhere, which is read from memory: its pages hold no more than they may. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { readDataset } from "../../src/data/dataset.js";
import { bytesSource } from "../../src/data/source.js";
import { InputError } from "../../src/errors.js";

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
const read = (bytes: Uint8Array) => readDataset([bytesSource("body", bytes, true)], { columns: ["a", "b"] });

/** A varint of Thrift, zigzag. */
function zigZag(value: number): Buffer {
  const bytes: number[] = [];
  let left = value * 2;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80);
  return Buffer.from([...bytes, left]);
}

test("Parquet in memory is read as from a file", async () => {
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

test("a page of millions of values that are all the same, a few hundred bytes, is refused", async () => {
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
  await assert.rejects(
    read(bytes),
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
