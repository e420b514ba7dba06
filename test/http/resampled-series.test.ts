/** Series that are sent to a model which was trained on resampled rows. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startService } from "./running-service.js";

const MINUTE = 60_000;
const T = 4;
const START = Date.UTC(2024, 2, 1);

/** What training with --resample 1m leaves in the manifest. */
const data = { version: 1, features: [], sentinels: {}, reading: { resample: MINUTE, aggregate: "mean" } };

interface Answer {
  readonly timesteps: Record<string, unknown> & { from: number; final: number; score: (number | null)[] };
  readonly events: { id: number; start: number; end: number; peak: number; features: object[] }[];
  readonly time: { stepMs: number; gaps: number };
  readonly notes: string[];
  readonly errors?: { path: string; message: string }[];
}

async function serve(t: TestContext) {
  const { score } = await startService(t, { contents: { small: { sections: { data } } } });
  const ask = async (model: string, body: object, status = 200): Promise<Answer> => {
    const response = await score(model, body);
    const text = await response.text();
    assert.equal(response.status, status, text);
    return JSON.parse(text) as Answer;
  };
  return { ask, score };
}

/** Two features at each minute, with a fault; and three rows of each minute, whose means they are. */
const minutes = Array.from({ length: 40 }, (_, row) => [
  20 + 3 * Math.sin(row / 2) + (row >= 20 && row < 26 ? 40 : 0),
  1e5 + 512 * Math.round(2 * Math.cos(row / 3)),
]);
const at = (row: number) => START + row * MINUTE;
const faster = minutes.flatMap(([a, b]) => [
  [a! - 1, null],
  [a!, b! - 256],
  [a! + 1, b! + 256],
]);
const fasterTimes = faster.map((_, row) => at(Math.floor(row / 3)) + (row % 3) * 20_000);
/** Between the scores of the fault and all others. */
const threshold = { value: 60 };
const INCLUDE = ["timestepError", "featureError", "reconstruction", "bounds"];

test("each row has the values of the row that it went into, events are in rows of the caller", async (t) => {
  const { ask } = await serve(t);
  const timestamps = minutes.map((_, row) => at(row));
  const expected = await ask("small", { series: minutes, timestamps, include: INCLUDE, threshold });
  const answer = await ask("small", { series: faster, timestamps: fasterTimes, include: INCLUDE, threshold });
  const [fault] = expected.events;
  assert.ok(expected.events.length === 1 && fault!.start > 10 && fault!.end < 30);
  for (const name of ["score", "pValue", "anomalous", ...INCLUDE.slice(0, 3)]) {
    const rows = expected.timesteps[name] as number[];
    const spread = rows.flatMap((value) => [value, value, value]);
    assert.equal(spread.length, faster.length);
    // Means of three readings are not always the reading in the middle to the last bit.
    close(answer.timesteps[name], spread, name);
  }
  close(
    answer.events.map(({ id, start, end, peak }) => [id, start, end, peak]),
    expected.events.map(({ id, start, end, peak }) => [id, 3 * start, 3 * end + 2, 3 * peak]),
    "events",
  );
  assert.equal(answer.timesteps.from, 0);
  // The last minute may get more rows, and with it the T minutes that its windows cover.
  assert.equal(answer.timesteps.final, 3 * (minutes.length - T));
  assert.deepEqual(answer.time, { unit: "ms", stepMs: 20_000, gaps: 0 });
  assert.match(answer.notes.at(-1)!, /^120 rows were resampled to 40 \(mean of every 60 s\)/);
});

test("the newest rows alone; lines; and a gap", async (t) => {
  const { ask, score } = await serve(t);
  const all = await ask("small", { series: faster, timestamps: fasterTimes });
  const newest = await ask("small", { series: faster, timestamps: fasterTimes, last: 7, threshold });
  assert.equal(newest.timesteps.from, faster.length - 7);
  assert.deepEqual(newest.timesteps.score, all.timesteps.score.slice(-7));
  assert.deepEqual(newest.events, []);
  const lines = await score(
    "small",
    { series: faster, timestamps: fasterTimes },
    { accept: "application/x-ndjson" },
  );
  const scores = (await lines.text())
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    scores.flatMap((line) => ("score" in line ? [line.score] : [])),
    all.timesteps.score,
  );
  const late = fasterTimes.map((time, row) => time + (row < 60 ? 0 : 30 * MINUTE));
  const parted = await ask("small", { series: faster, timestamps: late });
  assert.equal(parted.time.gaps, 1);
});

test("what cannot be resampled is refused, and windows are taken as they are", async (t) => {
  const { ask } = await serve(t);
  const without = await ask("small", { series: faster }, 400);
  assert.deepEqual(without.errors, [
    {
      path: "/timestamps",
      message:
        "are needed: small 1 takes rows of one step, the mean of every 60 s, which it makes of those sent",
    },
  ]);
  const stream = { series: faster, timestamps: fasterTimes, continuation: "" };
  assert.match(
    (await ask("small", stream, 400)).errors![0]!.message,
    /^is not for a model that resamples: .* send the whole series/,
  );
  const short = { series: faster.slice(0, 9), timestamps: fasterTimes.slice(0, 9) };
  assert.match(
    (await ask("small", short, 400)).errors![0]!.message,
    /^has 9 rows, which are 3 of 60 s; small 1 needs at least 4 of these$/,
  );
  const far = {
    series: faster,
    timestamps: fasterTimes.map((time, row) => time + row * 1e11),
    maxGapMs: 1e15,
  };
  assert.match(
    (await ask("small", far, 400)).errors![0]!.message,
    /^are too far apart\. .* gives more than 50000 rows/,
  );
  await ask("small", { windows: [minutes.slice(0, T)] });
});

function close(actual: unknown, expected: unknown, what: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, what);
    expected.forEach((one, i) => {
      close((actual as unknown[])[i], one, `${what}/${i}`);
    });
  } else if (typeof expected === "number") {
    const size = Math.max(1e-3, Math.abs(expected));
    assert.ok(Math.abs((actual as number) - expected) <= 1e-4 * size, `${what}: ${actual}, not ${expected}`);
  } else assert.equal(actual, expected, what);
}
