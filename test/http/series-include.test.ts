/** What `include` adds to the answer to a series: stitched errors, reconstructions and bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { startService } from "./running-service.js";

type Rows = (number | null)[][];

interface Timesteps {
  readonly score: (number | null)[];
  readonly timestepError?: (number | null)[];
  readonly featureError?: Rows;
  readonly reconstruction?: Rows;
  readonly prediction?: Rows;
  readonly linear?: Rows;
  readonly bounds?: { lower: Rows; upper: Rows } | null;
}

/** Of the small models. */
const SCALE = [2, 300];
const T = 4;

/** [rows][2], with missing readings. */
const series: Rows = Array.from({ length: 30 }, (_, row) => [
  row % 11 === 7 ? null : 20 + 3 * Math.sin(row / 2),
  row % 13 === 9 ? null : 1e5 + 500 * Math.cos(row / 3) + (row === 15 ? 4000 : 0),
]);

async function answered(response: Response): Promise<{ timesteps: Timesteps; threshold: { value: number } }> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

function near(actual: number | null | undefined, expected: number, scale: number, what: string): void {
  assert.ok(Math.abs(actual! - expected) <= 2e-6 * scale, `${what}: ${actual}, not ${expected}`);
}

test("stitched parts are the means of those of the windows that cover a row", async (t) => {
  const { score } = await startService(t);
  for (const [model, heads] of [
    ["small", ["reconstruction"]],
    ["composite", ["reconstruction", "prediction"]],
  ] as const) {
    for (const stride of [1, 3]) {
      const include = ["timestepError", "featureError", ...heads];
      const { timesteps } = await answered(await score(model, { series, stride, include }));
      const starts = Array.from({ length: series.length - T + 1 }, (_, i) => i).filter(
        (i) => i % stride === 0,
      );
      const windows = starts.map((start) => series.slice(start, start + T));
      const scored = (await (await score(model, { windows, include: [...heads] })).json()) as {
        windows: Record<string, Rows>[];
      };
      for (const [row, readings] of series.entries()) {
        const covering = starts.flatMap((start, w) =>
          start <= row && row < start + T ? [[w, row - start] as const] : [],
        );
        for (const head of heads) {
          // The prediction head answers for the last T - 1 rows.
          const first = head === "prediction" ? 1 : 0;
          const own = covering.filter(([, step]) => step >= first);
          for (const f of [0, 1]) {
            const values = own.map(([w, step]) => scored.windows[w]![head]![step - first]![f]!);
            const stitched = timesteps[head]![row]![f]!;
            if (values.length === 0) assert.equal(stitched, null);
            else {
              const mean = values.reduce((a, b) => a + b, 0) / values.length;
              near(stitched, mean, SCALE[f]!, `${model} ${head} of row ${row}, ${f}`);
            }
            if (head !== "reconstruction") continue;
            const errors = values.map((value) => ((readings[f]! - value) / SCALE[f]!) ** 2);
            const error = errors.reduce((a, b) => a + b, 0) / errors.length;
            if (errors.length === 0 || readings[f] === null)
              assert.equal(timesteps.featureError![row]![f], null);
            else
              near(timesteps.featureError![row]![f], error, 1 + error, `${model} error of row ${row}, ${f}`);
          }
        }
        const present = timesteps.featureError![row]!.filter((error) => error !== null);
        if (present.length === 0) assert.equal(timesteps.timestepError![row], null);
        else {
          const mean = present.reduce((a, b) => a + b, 0) / present.length;
          near(timesteps.timestepError![row], mean, 1 + mean, `${model} row ${row}`);
        }
      }
    }
  }
});

test("bounds are where the score of a timestep would reach the threshold", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const include = ["reconstruction", "bounds"];
  const threshold = { value: 0.37 };
  const { timesteps } = await answered(await score("small", { series, include, threshold }));
  for (const [row, values] of timesteps.reconstruction!.entries()) {
    for (const f of [0, 1]) {
      const half = SCALE[f]! * Math.sqrt(2 * 0.37);
      near(timesteps.bounds!.lower[row]![f], values[f]! - half, SCALE[f]!, `row ${row}`);
      near(timesteps.bounds!.upper[row]![f], values[f]! + half, SCALE[f]!, `row ${row}`);
    }
  }
});

test("without a threshold bounds are null, in lines too", async (t) => {
  const { score } = await startService(t, {
    contents: { small: { threshold: null, calibration: undefined } },
  });
  const body = { series, include: ["bounds"] };
  assert.equal((await answered(await score("small", body))).timesteps.bounds, null);
  const lines = (await (await score("small", body, { accept: "application/x-ndjson" })).text()).split("\n");
  const line = JSON.parse(lines[1]!) as object;
  assert.deepEqual(Object.keys(line), ["timestep", "score", "pValue", "anomalous", "bounds"]);
});

test("lines have the same parts as the object; timestepError is there where nothing is asked for", async (t) => {
  const contents = { linear: await makeContents(new ReferenceEngine(), 1, { linearPath: 3 }) };
  const { score } = await startService(t, { contents });
  const all = ["timestepError", "featureError", "reconstruction", "linear", "bounds"];
  for (const [include, names] of [
    [all, all],
    [undefined, ["timestepError"]],
    [[], []],
  ] as const) {
    const body = { series, include, threshold: { value: 0.5 } };
    const { timesteps } = await answered(await score("linear", body));
    const lines = (await (await score("linear", body, { accept: "application/x-ndjson" })).text()).split(
      "\n",
    );
    const parsed = lines.slice(1, 1 + series.length).map((line) => JSON.parse(line) as object);
    for (const [row, line] of parsed.entries()) {
      const own = Object.fromEntries(
        ["score", "pValue", "anomalous", ...names].map((name) => {
          if (name !== "bounds")
            return [name, (timesteps as unknown as Record<string, unknown[]>)[name]![row]];
          const { lower, upper } = timesteps.bounds!;
          return [name, { lower: lower[row], upper: upper[row] }];
        }),
      );
      assert.deepEqual(line, { timestep: row, ...own });
    }
  }
});

test("a part that cannot be given is refused with those that can", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  for (const [body, path, detail] of [
    [
      { series, include: ["timestepError", "embedding"] },
      "/include/1",
      /has no embedding for series; it has/,
    ],
    [{ series, include: ["linear"] }, "/include/0", /timestepError, featureError, reconstruction, bounds/],
    [{ windows: [series.slice(0, T)], include: ["bounds"] }, "/include/0", /has no bounds for windows/],
  ] as const) {
    const response = await score("small", body);
    const problem = (await response.json()) as { code: string; detail: string; errors: { path: string }[] };
    assert.deepEqual([response.status, problem.code], [422, "UNSUPPORTED_BY_MODEL"]);
    assert.equal(problem.errors[0]!.path, path);
    assert.match(problem.detail, detail);
  }
});

test("a network that overflows has null where no number is, and the answer is still JSON", async (t) => {
  const { score } = await startService(t, { contents: { small: { clip: null } } });
  const wild = series.map((row, i) => (i === 9 ? [1e308, -1e308] : row));
  const include = ["timestepError", "featureError", "reconstruction", "bounds"];
  const { timesteps } = await answered(await score("small", { series: wild, include }));
  for (const values of [timesteps.featureError!, timesteps.reconstruction!, timesteps.bounds!.upper]) {
    assert.equal(values.length, series.length);
    assert.ok(values.flat().every((value) => value === null || Number.isFinite(value)));
  }
});
