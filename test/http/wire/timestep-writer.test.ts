import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DOUBLE, ERRORS, ROW, SCORE, VERDICT } from "../../../src/http/wire/program.js";
import {
  writeColumn,
  writeDoubles,
  writeScores,
  writeTimestepLines,
} from "../../../src/http/wire/timestep-writer.js";
import { decimalsOf, formatFloat32, formatUnits } from "../../../src/scoring/digits.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("columns are JSON's numbers, verdicts and nulls", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double(), { maxLength: 30 }),
      fc.array(fc.constantFrom(-1, 0, 1)),
      (values, flags) => {
        assert.equal(text(writeScores(Float64Array.from(values))), values.map(formatFloat32).join(","));
        const verdicts = flags.map((flag) => (flag === -1 ? "null" : String(flag === 1)));
        assert.equal(
          text(writeColumn({ kind: VERDICT, count: 1, values: Int8Array.from(flags) })),
          verdicts.join(","),
        );
        const doubles = values.map((value) => JSON.stringify(value));
        assert.equal(text(writeDoubles(Float64Array.from(values))), doubles.join(","));
      },
    ),
    { numRuns: 2000 },
  );
});

test("the longest texts of a float and of a double have the room that is laid out for them", () => {
  const float = -999999949947011200;
  assert.equal(
    text(writeScores(Float64Array.of(float, float))),
    Array(2).fill(formatFloat32(float)).join(","),
  );
  const largest = -999999984306749440000;
  assert.equal(text(writeScores(Float64Array.of(largest))), formatFloat32(largest));
  const double = -0.0000012345678901234567;
  assert.equal(text(writeDoubles(Float64Array.of(double, double))), Array(2).fill(String(double)).join(","));
});

test("a line is an object on its own", () => {
  const bytes = writeTimestepLines(98, 3, [
    ',"score":',
    { kind: SCORE, count: 1, values: Float64Array.of(0.25, Number.NaN, 1e-9) },
    ',"pValue":',
    { kind: DOUBLE, count: 1, values: Float64Array.of(1 / 3, Number.NaN, 1) },
    ',"anomalous":',
    { kind: VERDICT, count: 1, values: Int8Array.of(0, -1, 1) },
  ]);
  assert.equal(
    text(bytes),
    '{"timestep":98,"score":0.25,"pValue":0.3333333333333333,"anomalous":false}\n' +
      '{"timestep":99,"score":null,"pValue":null,"anomalous":null}\n' +
      '{"timestep":100,"score":1e-9,"pValue":1,"anomalous":true}\n',
  );
});

test("a column can have several numbers a timestep", () => {
  const featureError = { kind: ERRORS, count: 2, values: Float64Array.of(1, 2, 3, Number.NaN) } as const;
  assert.equal(text(writeColumn(featureError)), "[1,2],[3,null]");
  assert.equal(
    text(writeTimestepLines(0, 2, [',"featureError":', featureError])),
    '{"timestep":0,"featureError":[1,2]}\n{"timestep":1,"featureError":[3,null]}\n',
  );
});

test("scaled rows are written in the caller's units, and a line may have an object", () => {
  const scale = [0.01, 300];
  const offset = [20, -1e5];
  const units = {
    scale: Float64Array.from(scale),
    offset: Float64Array.from(offset),
    decimals: Int32Array.from(scale, decimalsOf),
  };
  const row = fc.tuple(fc.float({ min: -50, max: 50 }), fc.float());
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const column = { kind: ROW, count: 2, units, values: Float32Array.from(rows.flat()) } as const;
      const expected = rows.map((own) =>
        own.map((scaled, i) => formatUnits(scaled * scale[i]! + offset[i]!, units.decimals[i]!)),
      );
      assert.equal(text(writeColumn(column)), expected.map((own) => `[${own}]`).join(","));
      const lines = writeTimestepLines(5, rows.length, [',"bounds":{"lower":', column, ',"n":', column, "}"]);
      const objects = expected.map(
        (own, i) => `{"timestep":${5 + i},"bounds":{"lower":[${own}],"n":[${own}]}}\n`,
      );
      if (rows.length > 0) assert.equal(text(lines), objects.join(""));
    }),
  );
});

test("every power of two and of ten, their neighbours, p-values, and 200,000 doubles are written as JSON.stringify does", () => {
  const bits = new BigUint64Array(1);
  const double = new Float64Array(bits.buffer);
  const values: number[] = [];
  const add = (): void => {
    const middle = bits[0]!;
    for (let near = -2n; near <= 2n; near++) {
      bits[0] = middle + near;
      values.push(double[0]!, -double[0]!);
    }
  };
  for (let exponent = 0n; exponent < 2047n; exponent++) {
    bits[0] = exponent << 52n;
    add();
  }
  for (let power = -324; power <= 308; power++) {
    for (const digit of ["1", "5", "9.5"]) {
      double[0] = Number(`${digit}e${power}`);
      add();
    }
  }
  for (let n = 1; n < 300; n++) for (let k = 1; k <= n; k += 7) values.push(k / n);
  for (let exponent = 0; exponent < 60; exponent++)
    values.push(2 ** exponent + 0.5, 3 * 2 ** exponent, 2 ** 53 * 10 + exponent);
  let state = 7;
  const next = (): bigint => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return BigInt(state);
  };
  for (let i = 0; i < 200_000; i++) {
    bits[0] = (next() << 32n) | next();
    // Half of them of a size that scores and readings have.
    if (i % 2 === 0) bits[0] = (bits[0]! & 0x800fffffffffffffn) | ((1003n + (next() % 40n)) << 52n);
    values.push(double[0]!);
  }
  const texts = text(writeDoubles(Float64Array.from(values))).split(",");
  assert.equal(texts.length, values.length);
  values.forEach((value, i) => {
    assert.equal(texts[i], JSON.stringify(value));
  });
});
