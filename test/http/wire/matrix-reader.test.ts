import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BodyMatrix, readBodyMatrix } from "../../../src/http/wire/matrix-reader.js";
import { anyDouble } from "./json-numbers.js";

const read = (text: string): BodyMatrix | undefined => readBodyMatrix(Buffer.from(text));

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
