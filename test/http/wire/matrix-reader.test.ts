import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BodyMatrix, readBodyMatrix } from "../../../src/http/wire/matrix-reader.js";

const read = (text: string): BodyMatrix | undefined => readBodyMatrix(Buffer.from(text));
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

const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });

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

const everyNumber = fc.oneof(
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

test("a number is the nearest double: what JSON.parse gives, bit for bit", () => {
  fc.assert(
    fc.property(fc.array(everyNumber, { minLength: 1, maxLength: 20 }), (texts) => {
      const found = read(`{"series":[[${texts.join(",")}]]}`);
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
    const found = read(`{"series":[[${text}]]}`);
    assert.ok(Object.is(found?.values[0], JSON.parse(text)), text);
  }
});

const space = fc
  .array(fc.constantFrom(" ", "\n", "\r", "\t", "          "), { maxLength: 2 })
  .map((all) => all.join(""));

/** JSON with space wherever it may stand, as `JSON.stringify` never writes it. */
const spaced = (text: string, spaces: readonly string[]): string => {
  let i = 0;
  const next = (): string => spaces[i++ % spaces.length]!;
  return (
    next() + text.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, (token) => `${next()}${token}${next()}`) + next()
  );
};

const matrix = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
  )
  .chain(([n, t, f, series]) => {
    const reading = fc.oneof(anyDouble, fc.constant(null), fc.integer({ min: -99, max: 99 }));
    const row = fc.array(reading, { minLength: f, maxLength: f });
    const rows = fc.array(row, { minLength: t, maxLength: t });
    return series
      ? rows.map((value) => ({ key: "series", shape: [t, f], value: value as unknown[] }))
      : fc
          .array(rows, { minLength: n, maxLength: n })
          .map((value) => ({ key: "windows", shape: [n, t, f], value: value as unknown[] }));
  });

test("readings, shape and the other members are those of JSON.parse, whatever the spacing and the order", () => {
  const other = fc.dictionary(
    fc.string().filter((key) => key !== "windows" && key !== "series"),
    fc.jsonValue(),
    { maxKeys: 3 },
  );
  fc.assert(
    fc.property(
      matrix,
      other,
      other,
      fc.array(space, { minLength: 7, maxLength: 7 }),
      (found, before, after, spaces) => {
        const object = { ...before, [found.key]: found.value, ...after };
        const text = spaced(JSON.stringify(object), spaces);
        const body = JSON.parse(text);
        const result = read(text);
        if (result === undefined) {
          // Given up only where a key is not plain ASCII or is there twice.
          assert.ok(
            Object.keys(object).some((key) => /[\\"]|[^ -~]/.test(key)),
            text,
          );
          return;
        }
        assert.equal(result.key, found.key);
        assert.deepEqual(result.shape, found.shape);
        const flat = body[found.key].flat(2).map((x: number | null) => x ?? Number.NaN);
        assert.deepEqual([...result.values], flat);
        delete body[found.key];
        assert.deepEqual(result.others, body);
        assert.deepEqual(Object.keys(result.others), Object.keys(body));
      },
    ),
    { numRuns: 1000 },
  );
});

test("whatever is damaged is left to JSON.parse, unless it still says the same", () => {
  const good =
    '{"include":["timestepError"],"windows":[[[1,-2.5e3],[null,4]],[[5,6],[7,0.125]]],"scorer":"squared"}';
  fc.assert(
    fc.property(
      fc.nat(good.length),
      fc.nat(3),
      fc.oneof(fc.constantFrom(...'[]{},:"\\ne0-+. \n\u0000'), fc.string({ maxLength: 3 })),
      (at, cut, put) => {
        const text = good.slice(0, at) + put + good.slice(at + cut);
        const result = read(text);
        if (result === undefined) return;
        const body = JSON.parse(text);
        const flat = body[result.key].flat(2).map((x: number | null) => x ?? Number.NaN);
        assert.deepEqual([...result.values], flat);
        const shapeOf = (value: unknown): number[] =>
          Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
        assert.deepEqual(result.shape, shapeOf(body[result.key]));
        delete body[result.key];
        assert.deepEqual(result.others, body);
      },
    ),
    { numRuns: 20_000 },
  );
});

test("what is not plain is left to JSON.parse", () => {
  for (const text of [
    "",
    " ",
    "{}",
    "[]",
    "null",
    '{"windows":null}',
    '{"windows":[]}',
    '{"windows":[[]]}',
    '{"windows":[[[]]]}',
    '{"windows":[[1]]}',
    '{"windows":[[["1"]]]}',
    '{"windows":[[[true]]]}',
    '{"windows":[[[{}]]]}',
    '{"windows":[[[[1]]]]}',
    '{"windows":[[[1],[2,3]]]}',
    '{"windows":[[[1]],[[1],[2]]]}',
    '{"windows":[[[1]],[[1,2]]]}',
    '{"windows":[[[1,]]]}',
    '{"windows":[[[1]],]}',
    '{"windows":[[[,1]]]}',
    '{"windows":[[[01]]]}',
    '{"windows":[[[-]]]}',
    '{"windows":[[[+1]]]}',
    '{"windows":[[[.5]]]}',
    '{"windows":[[[1.]]]}',
    '{"windows":[[[1.e3]]]}',
    '{"windows":[[[1e]]]}',
    '{"windows":[[[1e+]]]}',
    '{"windows":[[[1e999]]]}',
    '{"windows":[[[-1e309]]]}',
    '{"windows":[[[NaN]]]}',
    '{"windows":[[[nul]]]}',
    '{"windows":[[[nulll]]]}',
    '{"windows":[[[0x1]]]}',
    '{"windows":[[[1 2]]]}',
    '{"windows":[[[1]]]',
    '{"windows":[[[1]]]}}',
    '{"windows":[[[1]]]},',
    '{"windows":[[[1]]],}',
    '{"windows":[[[1]]]"a":1}',
    '{"a":1"windows":[[[1]]]}',
    '{"a":,"windows":[[[1]]]}',
    '{"a":1 2,"windows":[[[1]]]}',
    '{"a":[},"windows":[[[1]]]}',
    '{"a":"\u0001","windows":[[[1]]]}',
    '{"windows":[[[1]]],"windows":[[[2]]]}',
    '{"windows":[[[1]]],"series":[[1]]}',
    '{"window\\u0073":[[[1]]]}',
    '{"windows":[[[1]]],"window\\u0073":[[[2]]]}',
    '\ufeff{"windows":[[[1]]]}',
    '{"windows":[[[1]]]}\u00a0',
    `{"windows":${"[".repeat(50_000)}`,
    '{"windows":[[[1]]]}\u0000',
    '{"windows":[[[1]]],"a"',
    '{"windows":[[[1]]],"a":"',
    '{"windows":[[[1]]],"a":"\\',
    '{"windows":[[[1',
    '{"windows',
  ]) {
    assert.equal(read(text), undefined, text.slice(0, 80));
  }
});

test("a member named __proto__ is a member like any other", () => {
  const result = read('{"windows":[[[1]]],"__proto__":{"polluted":true}}');
  assert.deepEqual(Object.keys(result!.others), ["__proto__"]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("bytes that are not UTF-8 in another member read as JSON.parse would read them", () => {
  const body = Buffer.concat([
    Buffer.from('{"a":"'),
    Buffer.from([0xc3, 0x28, 0xff]),
    Buffer.from('","windows":[[[1]]]}'),
  ]);
  assert.deepEqual(readBodyMatrix(body)?.others, { a: JSON.parse(body.toString()).a });
});

test("what a caller gets is its own: later reads leave it alone", () => {
  const first = read('{"windows":[[[1,2]]]}')!;
  read('{"windows":[[[3,4]]]}');
  assert.deepEqual([...first.values], [1, 2]);
});

test("a body of many megabytes grows the memory and reads the same", () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => [i, i / 7, 1 - i * 1e-9]);
  const result = read(JSON.stringify({ series: rows }));
  assert.deepEqual(result?.shape, [60_000, 3]);
  assert.deepEqual(result.values, Float64Array.from(rows.flat()));
});
