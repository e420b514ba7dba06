/** Every finite number has room in an answer, also where all numbers of an answer are the longest there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DOUBLE, ERRORS, FLOATS, SCORE, VALUE_BYTES } from "../../src/http/wire/program.js";
import { writeColumn, writeTimestepLines } from "../../src/http/wire/timestep-writer.js";

const ROWS = 200;
const LONGEST = [
  -999_999_950_000_000_000_000,
  -1.2345678901234567e-6,
  -1.2345678901234567e-100,
  -Number.MAX_VALUE,
  -Number.MIN_VALUE,
  8.41e20,
  1e21,
  2 ** 53,
  -3.4028234663852886e38,
  1.401298464324817e-45,
];
const doubles = fc.oneof(
  fc.constantFrom(...LONGEST),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  // Numbers with as many digits in front of the point as are written without an exponent.
  fc.double({ min: -1e21, max: 1e21, noNaN: true }),
  fc.double({ min: -1e-5, max: 1e-5, noNaN: true }),
);
const singles = doubles.map(Math.fround).filter(Number.isFinite);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("doubles are written as JSON.stringify writes them, in the room that is laid out", () => {
  fc.assert(
    fc.property(doubles, (value) => {
      const written = JSON.stringify(value);
      assert.ok(written.length + 1 <= VALUE_BYTES[DOUBLE].text);
      const values = new Float64Array(ROWS).fill(value);
      assert.equal(
        text(writeColumn({ kind: DOUBLE, count: 1, values })),
        Array(ROWS).fill(written).join(","),
      );
    }),
    { numRuns: 2000 },
  );
});

test("float32 come back bit for bit from scores, errors and outputs, in columns and in lines", () => {
  fc.assert(
    fc.property(singles, (value) => {
      const same = (numbers: readonly number[]): void => {
        assert.equal(numbers.length, ROWS);
        for (const number of numbers) assert.equal(Math.fround(number), value + 0);
      };
      const values = new Float64Array(ROWS).fill(value);
      const score = { kind: SCORE, count: 1, values } as const;
      same(JSON.parse(`[${text(writeColumn(score))}]`));
      same(JSON.parse(`[${text(writeColumn({ kind: ERRORS, count: ROWS, values }))}]`)[0]);
      const floats = { kind: FLOATS, count: ROWS, values: Float32Array.from(values) } as const;
      same(JSON.parse(`[${text(writeColumn(floats))}]`)[0]);
      const lines = text(writeTimestepLines(1e15, ROWS, [',"score":', score]))
        .trimEnd()
        .split("\n");
      same(lines.map((line) => (JSON.parse(line) as { score: number }).score));
    }),
    { numRuns: 1000 },
  );
});
