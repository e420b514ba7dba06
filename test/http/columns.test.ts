/** Readings by name: the order of columns, and rows that are objects. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnOrder, reorder } from "../../src/http/columns.js";
import { startService, WINDOW } from "./running-service.js";

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: { readonly path: string; readonly message: string }[];
}

/** Rows of the small model: [rows][2]. */
const SERIES = Array.from({ length: 9 }, (_, row) => [20 + Math.sin(row), 1e5 + 200 * Math.cos(row)]);
const NAMES = ["temperature", "pressure"];

const swapped = (rows: readonly (readonly number[])[]) => rows.map(([a, b]) => [b, a]);
const named = (rows: readonly (readonly (number | null)[])[]) =>
  rows.map(([temperature, pressure]) => ({ pressure, temperature }));

async function numbersOf(response: Response): Promise<object> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { windows, timesteps, events } = JSON.parse(text) as Record<string, object>;
  return { windows, timesteps, events };
}

test("columns in any order, and rows as objects, are scored as the model's own order", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const include = ["reconstruction", "featureError"];
  for (const [name, own, bodies] of [
    [
      "series",
      { series: SERIES, threshold: { value: 0.01 } },
      [{ series: swapped(SERIES), columns: ["pressure", "temperature"] }, { series: named(SERIES) }],
    ],
    [
      "windows",
      { windows: [WINDOW, WINDOW.toReversed()], include },
      [
        {
          windows: [swapped(WINDOW), swapped(WINDOW.toReversed())],
          columns: ["pressure", "temperature"],
          include,
        },
        { windows: [named(WINDOW), named(WINDOW.toReversed())], include },
        // A row is an array or an object, each for itself.
        { windows: [swapped(WINDOW), named(WINDOW.toReversed())], columns: NAMES.toReversed(), include },
      ],
    ],
  ] as const) {
    const expected = await numbersOf(await score("small", own));
    assert.deepEqual(await numbersOf(await score("small", { ...own, columns: NAMES })), expected, name);
    for (const body of bodies) {
      const options = "threshold" in own ? { threshold: own.threshold } : {};
      assert.deepEqual(await numbersOf(await score("small", { ...body, ...options })), expected, name);
    }
  }
});

test("a feature that is left out of a row is missing there", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const withNull = WINDOW.map((row, at) => (at === 2 ? [row[0]!, null] : row));
  const expected = await numbersOf(await score("small", { windows: [withNull] }));
  const leftOut = named(WINDOW).map((row, at) => (at === 2 ? { temperature: row.temperature } : row));
  assert.deepEqual(await numbersOf(await score("small", { windows: [leftOut] })), expected);
  const { windows } = expected as { windows: { coverage: number }[] };
  assert.equal(windows[0]!.coverage, 7 / 8);
});

test("names that are not the model's are refused with both lists", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  for (const [columns, ...words] of [
    [["temperature", "flow"], /unknown: "flow"/, /missing: "pressure"/],
    [["temperature"], /missing: "pressure"/, /columns has "temperature",/],
    [["temperature", "pressure", "flow"], /unknown: "flow"/, /small 1 has "temperature", "pressure"/],
    [["temperature", "temperature"], /more than once: "temperature"/],
    [[], /columns has none/],
  ] as const) {
    for (const body of [{ series: SERIES }, { windows: [WINDOW] }, { series: SERIES.map(() => [1, 2, 3]) }]) {
      const problem = (await (await score("small", { ...body, columns })).json()) as Problem;
      assert.deepEqual([problem.status, problem.code], [400, "INVALID_REQUEST"]);
      assert.equal(problem.errors[0]!.path, "/columns");
      for (const word of words) assert.match(problem.errors[0]!.message, word);
    }
  }
  for (const [row, path] of [
    [{ temperature: 1, flow: 2 }, "flow"],
    [{ temperature: 1, "a/b": 2 }, "a~1b"],
    [{ temperature: "1" }, "temperature"],
    [{ temperature: [1] }, "temperature"],
  ] as const) {
    const series = [...named(SERIES), row];
    const problem = (await (await score("small", { series })).json()) as Problem;
    assert.deepEqual([problem.code, problem.errors[0]!.path], ["INVALID_REQUEST", `/series/9/${path}`]);
    const windows = [[...named(WINDOW.slice(1)), row]];
    const other = (await (await score("small", { windows })).json()) as Problem;
    assert.deepEqual([other.code, other.errors[0]!.path], ["INVALID_REQUEST", `/windows/0/3/${path}`]);
  }
  const infinite = `{"series":[{"temperature":1e999},{},{},{}]}`;
  const problem = (await (await score("small", infinite)).json()) as Problem;
  assert.deepEqual([problem.code, problem.errors[0]!.path], ["NON_FINITE_VALUE", "/series/0/temperature"]);
});

test("readings in any order come back in the model's", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }).chain((features) =>
        fc.record({
          names: fc.shuffledSubarray(
            Array.from({ length: features }, (_, i) => `f${i}`),
            { minLength: features },
          ),
          rows: fc.nat(5),
        }),
      ),
      ({ names, rows }) => {
        const featureNames = names.map((_, i) => ({ name: `f${i}` }));
        const order = columnOrder(names, { model: "m 1", featureNames });
        const values = Float64Array.from({ length: rows * names.length }, (_, i) =>
          Number(names[i % names.length]!.slice(1)),
        );
        if (order === undefined)
          assert.deepEqual(
            names,
            featureNames.map(({ name }) => name),
          );
        else reorder(values, order);
        for (const [i, value] of values.entries()) assert.equal(value, i % names.length);
      },
    ),
  );
});
