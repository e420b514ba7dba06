import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimalsOf, formatFloat32, formatUnits, MAX_DECIMALS } from "../../src/scoring/digits.js";

const bits = new DataView(new ArrayBuffer(4));
const float32 = fc
  .oneof(
    fc.nat(0xffffffff),
    // Powers of two, where the distance between floats changes, and their neighbours; subnormals.
    fc.tuple(fc.nat(255), fc.integer({ min: -2, max: 2 })).map(([e, near]) => (e * 2 ** 23 + near) >>> 0),
    fc.nat(2000),
  )
  .map((pattern) => {
    bits.setUint32(0, pattern);
    return bits.getFloat32(0);
  })
  .filter((x) => Number.isFinite(x));

/** Every decimal of so many digits near x: the nearest and its two neighbours, as text. */
const decimalsNear = (x: number, digits: number): string[] => {
  const [mantissa = "", exponent = ""] = Math.abs(x)
    .toExponential(digits - 1)
    .split("e");
  const integer = BigInt(mantissa.replace(".", ""));
  return [-1n, 0n, 1n].map((d) => `${x < 0 ? "-" : ""}${integer + d}e${Number(exponent) - digits + 1}`);
};

/** The distance of a decimal from a float, exactly, in units of 2^-149 * 10^-120. */
const distance = (decimal: string, x: number): bigint => {
  const [digits = "", exponent = "0"] = decimal.split("e");
  const unit = 10n ** 120n;
  const scaled =
    ((BigInt(digits) * 10n ** BigInt(Number(exponent) + 120)) << 149n) - BigInt(x * 2 ** 149) * unit;
  return scaled < 0n ? -scaled : scaled;
};

test("a float32 is written with the fewest digits that read back as it, the nearest such", () => {
  fc.assert(
    fc.property(float32, (x) => {
      const text = formatFloat32(x);
      const back = Math.fround(JSON.parse(text));
      assert.ok(back === x, `${text} reads back as ${back}, not ${x}`);
      if (x === 0) return assert.equal(text, "0");
      assert.equal(text, String(Number(text)), "laid out as JavaScript does");
      const digits = Number(text).toExponential().split("e")[0]!.replace(/[-.]/g, "").length;
      for (let fewer = 1; fewer < digits; fewer++) {
        for (const decimal of decimalsNear(x, fewer)) {
          assert.notEqual(Math.fround(Number(decimal)), x, `${decimal} would do for ${text}`);
        }
      }
      const own = Number(text).toExponential(digits - 1);
      const [mantissa = "", exponent = ""] = own.split("e");
      const written = distance(`${mantissa.replace(".", "")}e${Number(exponent) - digits + 1}`, x);
      for (const decimal of decimalsNear(x, digits)) {
        if (Math.fround(Number(decimal)) === x)
          assert.ok(distance(decimal, x) >= written, `${decimal} is nearer`);
      }
    }),
    { numRuns: 5000 },
  );
});

test("a double is rounded to float32 before it is written; what is not finite is null", () => {
  assert.equal(formatFloat32(0.1), "0.1");
  assert.equal(formatFloat32(1 / 3), "0.33333334");
  assert.equal(formatFloat32(3.4028234663852886e38), "3.4028235e+38");
  assert.equal(formatFloat32(1e-46), "0");
  assert.equal(formatFloat32(-0), "0");
  for (const x of [Number.NaN, 1e39, Number.NEGATIVE_INFINITY]) assert.equal(formatFloat32(x), "null");
});

test("as many decimals as 1e-7 of the scale needs, and no more", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-90, max: 1e30, noNaN: true }), (scale) => {
      const decimals = decimalsOf(scale);
      assert.ok(Number(`1e${7 - decimals}`) <= scale);
      if (decimals > 0) assert.ok(Number(`1e${8 - decimals}`) > scale);
    }),
  );
  assert.deepEqual([1, 0.05, 5, 1e7, 1e9, 1e-3].map(decimalsOf), [7, 9, 7, 0, 0, 10]);
  assert.equal(decimalsOf(1e-300), MAX_DECIMALS + 1);
});

test("a value in the caller's units is right to 1e-7 of the scale, in as few characters", () => {
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.integer({ min: -1000, max: 1000 }).map((i) => i / 8),
  );
  fc.assert(
    fc.property(double, fc.integer({ min: 0, max: MAX_DECIMALS + 1 }), (x, decimals) => {
      const text = formatUnits(x, decimals);
      const back = JSON.parse(text);
      assert.ok(
        Math.abs(back - x) <= 0.5000001 * 10 ** -decimals + Math.abs(x) * 2 ** -52,
        `${text} for ${x}`,
      );
      assert.doesNotMatch(text, /\.\d*0$|\.$|^-0$/);
      const [, fraction = ""] = /\.(\d*)$/.exec(text) ?? [];
      assert.ok(fraction.length <= decimals || decimals > MAX_DECIMALS);
      // Not assert.equal: -0 is written as 0.
      if (decimals > MAX_DECIMALS) assert.ok(back === x, `${text} for ${x}`);
    }),
    { numRuns: 2000 },
  );
});

test("a signal of a billion keeps its five", () => {
  const x = 1e9 + 4.123456789;
  assert.ok(Math.abs(JSON.parse(formatUnits(x, decimalsOf(5))) - x) < 5e-7);
  assert.equal(formatUnits(0.5, 0), "1");
  assert.equal(formatUnits(-0.5, 0), "-1");
  assert.equal(formatUnits(-0.4, 0), "0");
  assert.equal(formatUnits(120, 0), "120");
  assert.equal(formatUnits(1e21, 3), "1e+21");
  assert.equal(formatUnits(1.25, 1), "1.3");
  assert.equal(formatUnits(Number.NaN, 3), "null");
});
