import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BodyMatrix, readBodyMatrix } from "../../../src/http/wire/matrix-reader.js";
import { everyNumber } from "./json-numbers.js";

const readRow = (texts: readonly string[]): BodyMatrix | undefined =>
  readBodyMatrix(Buffer.from(`{"series":[[${texts.join(",")}]]}`));

test("a number is the nearest double: what JSON.parse gives, bit for bit", () => {
  fc.assert(
    fc.property(fc.array(everyNumber, { minLength: 1, maxLength: 20 }), (texts) => {
      const found = readRow(texts);
      const expected = texts.map((text) => JSON.parse(text) as number);
      if (!expected.every(Number.isFinite)) return assert.equal(found, undefined);
      assert.deepEqual(found?.shape, [1, texts.length]);
      found.values.forEach((value, i) => {
        assert.ok(Object.is(value, expected[i]), `${texts[i]} read as ${value}`);
      });
    }),
    { numRuns: 3000 },
  );
});

test("known hard cases", () => {
  for (const text of [
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "4.9406564584124654e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "1.7976931348623157e308",
    "9007199254740993",
    "9007199254740993.0000000000000000000000001",
    "0.000000000000000000000000000000000000000000000000012345678901234567890",
    "1e-9999999999",
    "0e9999999999",
    "-0.0e-5",
    "100000000000000000000000000000000000",
    "7.3177701707893310e+15",
    "5e-20",
    "67e-20",
    "985e15",
    "7693e-42",
    "9e-265",
    "8.5e-1",
    "2902436834377858750e-3",
  ]) {
    const found = readRow([text]);
    assert.ok(Object.is(found?.values[0], JSON.parse(text)), text);
  }
});
