import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { fitScaler, SCALER_KINDS } from "../../src/scoring/scaler.js";

/** Rows [N, 3] with gaps, and at least one reading in every column. */
const rows = fc
  .array(
    fc.tuple(
      ...[1, 1e6, 1e-9].map((unit) =>
        fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((i) => i * unit) },
          { weight: 1, arbitrary: fc.constant(Number.NaN) },
        ),
      ),
    ),
    { minLength: 1, maxLength: 60 },
  )
  .filter((all) => [0, 1, 2].every((f) => all.some((row) => !Number.isNaN(row[f]))));

const column = (all: number[][], f: number): number[] =>
  all.map((row) => row[f]!).filter((x) => !Number.isNaN(x));

test("standard: the readings that are there get mean 0 and population deviation 1", () => {
  fc.assert(
    fc.property(rows, (all) => {
      const { offset, scale, mean } = fitScaler("standard", Float64Array.from(all.flat()), 3);
      assert.equal(mean, undefined);
      for (let f = 0; f < 3; f++) {
        const readings = column(all, f);
        const scaled = readings.map((x) => (x - offset[f]!) / scale[f]!);
        const average = scaled.reduce((a, b) => a + b, 0) / scaled.length;
        const variance = scaled.reduce((a, b) => a + (b - average) ** 2, 0) / scaled.length;
        assert.ok(Math.abs(average) < 1e-9, `mean ${average}`);
        if (new Set(readings).size === 1) assert.equal(scale[f], 1);
        else assert.ok(Math.abs(variance - 1) < 1e-9, `variance ${variance}`);
      }
    }),
  );
});

test("minmax: the least reading becomes 0, the largest 1, and the mean is kept beside them", () => {
  fc.assert(
    fc.property(rows, (all) => {
      const { offset, scale, mean } = fitScaler("minmax", Float64Array.from(all.flat()), 3);
      for (let f = 0; f < 3; f++) {
        const readings = column(all, f);
        const average = readings.reduce((a, b) => a + b / readings.length, 0);
        assert.equal((Math.min(...readings) - offset[f]!) / scale[f]!, 0);
        if (new Set(readings).size === 1) assert.equal(scale[f], 1);
        else assert.equal((Math.max(...readings) - offset[f]!) / scale[f]!, 1);
        assert.ok(
          Math.abs(mean![f]! - average) <=
            1e-9 * (Math.max(...readings) - Math.min(...readings) + Math.abs(average)),
        );
      }
    }),
  );
});

test("none: readings stay as they are, and the mean is kept", () => {
  const scaler = fitScaler("none", Float64Array.from([1, 10, 3, Number.NaN]), 2);
  assert.deepEqual(scaler, { kind: "none", offset: [0, 0], scale: [1, 1], mean: [2, 10] });
});

test("a level of a billion does not drown a signal of five", () => {
  const small = Float64Array.from({ length: 10_000 }, (_, i) => 5 * Math.sin(i / 7));
  const large = small.map((x) => x + 2 ** 30);
  const a = fitScaler("standard", small, 1);
  const b = fitScaler("standard", large, 1);
  assert.ok(Math.abs(b.scale[0]! / a.scale[0]! - 1) < 1e-7, `${b.scale} ${a.scale}`);
  assert.ok(Math.abs(b.offset[0]! - 2 ** 30 - a.offset[0]!) < 3e-7);
});

test("a constant column has scale 1, whatever its level", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 1, max: 9 }),
      (x, n) => {
        for (const kind of SCALER_KINDS) {
          const { offset, scale } = fitScaler(kind, new Float64Array(n).fill(x), 1);
          assert.equal(scale[0], 1);
          if (kind !== "none") assert.equal(offset[0], x);
        }
      },
    ),
  );
});

test("any finite readings give a scale that divides, or a sentence", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 }),
      (column) => {
        for (const kind of SCALER_KINDS) {
          try {
            const { offset, scale } = fitScaler(kind, Float64Array.from(column), 1);
            assert.ok(Number.isFinite(offset[0]!) && Number.isFinite(scale[0]!) && scale[0]! > 0);
          } catch (error) {
            assert.ok(error instanceof InputError);
            assert.equal(Math.max(...column) - Math.min(...column), Number.POSITIVE_INFINITY);
          }
        }
      },
    ),
  );
});

test("a deviation too small to square is still the scale", () => {
  const { scale } = fitScaler("standard", Float64Array.from([0, 0, 0, 1e-300]), 1);
  assert.ok(Math.abs(scale[0]! / (Math.sqrt(3) / 4 / 1e300) - 1) < 1e-12);
});

test("a feature without a reading is refused", () => {
  const rowsWithout = Float64Array.from([1, Number.NaN, 2, Number.NaN]);
  assert.throws(() => fitScaler("standard", rowsWithout, 2), /^InputError: Feature 1 has no reading/);
});
