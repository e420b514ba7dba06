/** Numbers as JSON can write them, for property tests of what reads them. */
import fc from "fast-check";

const digits = (most: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((all) => all.join(""));

/**
 * Any number JSON can write, whatever its length: leading and trailing zeros, exponents, zeros with a sign.
 */
const numberText = fc
  .record({
    minus: fc.constantFrom("", "-"),
    integer: fc.oneof(
      fc.constant("0"),
      digits(24).map((text) => text.replace(/^0+(?=\d)/, "")),
    ),
    fraction: fc.oneof(
      fc.constant(""),
      digits(24).map((text) => `.${text}`),
      fc.tuple(fc.nat(30), digits(18)).map(([zeros, text]) => `.${"0".repeat(zeros)}${text}`),
    ),
    exponent: fc.oneof(
      { weight: 3, arbitrary: fc.constant("") },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.integer({ min: 0, max: 340 }))
          .map(([e, sign, power]) => `${e}${sign}${power}`),
      },
    ),
  })
  .map(({ minus, integer, fraction, exponent }) => minus + integer + fraction + exponent);

export const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });

/**
 * The exact decimal halfway between a double and the next one, or a digit off it: where rounding is hardest.
 */
const halfway = fc.tuple(anyDouble, fc.constantFrom(-1n, 0n, 1n)).map(([x, off]) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const mantissa = (biased === 0 ? 0n : 1n << 52n) | (bits & ((1n << 52n) - 1n));
  const exponent = Math.max(biased, 1) - 1076;
  const twice = 2n * mantissa + 1n;
  if (exponent >= 0) return `${(twice << BigInt(exponent)) + off}`;
  return `${twice * 5n ** BigInt(-exponent) * 10n + off}e${exponent - 1}`;
});

/**
 * Halfway between two doubles of 2^52 to 2^53 units, in few enough digits for the product with a power of
 * five.
 */
const shortHalfway = fc
  .tuple(fc.bigInt(2n ** 52n, 2n ** 53n - 1n), fc.integer({ min: -4, max: 10 }), fc.constantFrom(0n, 1n))
  .map(([mantissa, exponent, off]) => {
    const twice = 2n * mantissa + 1n;
    if (exponent > 0) return `${(twice << BigInt(exponent - 1)) + off}`;
    return `${twice * 5n ** BigInt(1 - exponent) + off}e${exponent - 1}`;
  });

/** Texts of numbers of every kind, the hard ones to round among them. */
export const everyNumber = fc.oneof(
  { weight: 2, arbitrary: shortHalfway },
  { weight: 4, arbitrary: numberText },
  { weight: 3, arbitrary: anyDouble.map((x) => (Object.is(x, -0) ? "-0" : String(x))) },
  { weight: 2, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }).map(String) },
  { weight: 2, arbitrary: halfway },
  {
    weight: 2,
    // A 53-bit number of units in any decimal place: the fast way's own ground, and its border.
    arbitrary: fc
      .tuple(fc.maxSafeInteger(), fc.integer({ min: -25, max: 25 }))
      .map(([n, power]) => `${n}e${power}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.bigInt(0n, 2n ** 64n), fc.integer({ min: -340, max: 310 }))
      .map(([n, e]) => `${n}e${e}`),
  },
);
