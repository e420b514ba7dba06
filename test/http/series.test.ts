import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "./running-service.js";

interface SeriesAnswer {
  readonly model: { version: string };
  readonly threshold: { value: number } | null;
  readonly timesteps: {
    score: (number | null)[];
    anomalous: (boolean | null)[];
    pValue: (number | null)[];
    timestepError: (number | null)[];
  };
  readonly events: {
    id: number;
    start: number;
    end: number;
    peak: number;
    score: number;
    features: { name: string; share: number }[];
  }[];
  readonly timing: { queueMs: number; computeMs: number };
}

/** Midnights in UTC, with further ones up to six. */
const days = (...first: string[]): string[] =>
  [...first, "2024-04-01", "2024-04-02", "2024-04-03"].slice(0, 6).map((day) => `${day}T00:00:00Z`);

/** [rows][2]: two calm signals, with a jump of the second in the middle. */
function makeSeries(rows: number): number[][] {
  return Array.from({ length: rows }, (_, t) => [
    20 + Math.sin(t / 5),
    1e5 + 100 * Math.cos(t / 7) + (t >= 60 && t < 64 ? 1500 : 0),
  ]);
}

const answerOf = async (response: Response): Promise<SeriesAnswer> => {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as SeriesAnswer;
};

test("a timestep's score is the mean of those of the windows that cover it", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const series = makeSeries(40);
  for (const stride of [1, 3]) {
    const { timesteps } = await answerOf(await score("small", { series, stride }));
    const starts = Array.from({ length: 37 }, (_, i) => i).filter((start) => start % stride === 0);
    const windows = starts.map((start) => series.slice(start, start + 4));
    const scored = (await (await score("small", { windows, include: [] })).json()) as {
      windows: { score: number }[];
    };
    for (const row of series.keys()) {
      const covering = scored.windows.filter((_, i) => starts[i]! <= row && row < starts[i]! + 4);
      const mean = covering.reduce((sum, window) => sum + window.score, 0) / covering.length;
      if (covering.length === 0) assert.equal(timesteps.score[row], null);
      else assert.ok(Math.abs(timesteps.score[row]! - mean) <= 1e-6 * mean, `row ${row}, stride ${stride}`);
    }
  }
});

test("verdicts and events follow from the scores, and name the feature that jumped", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const series = makeSeries(200);
  const calm = await answerOf(await score("small", { series, threshold: { value: 1e9 } }));
  assert.deepEqual(calm.events, []);
  const peakScore = Math.max(...calm.timesteps.score.map((value) => value ?? 0));
  const peak = calm.timesteps.score.indexOf(peakScore);
  assert.ok(peak >= 57 && peak <= 66);
  const { timesteps, events } = await answerOf(
    await score("small", { series, threshold: { value: peakScore * 0.9 } }),
  );
  assert.equal(timesteps.score.length, 200);
  assert.equal(timesteps.anomalous.length, 200);
  assert.equal(timesteps.pValue.length, 200);
  const [event] = events;
  assert.equal(event?.id, 1);
  assert.equal(event?.peak, peak);
  assert.equal(event?.score, peakScore);
  assert.equal(event?.features[0]?.name, "pressure");
  assert.ok(Math.abs(event!.features.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-6);
  for (const [row, anomalous] of timesteps.anomalous.entries()) {
    assert.equal(
      anomalous,
      events.some(({ start, end }) => start <= row && row <= end),
    );
  }
  assert.ok(timesteps.pValue.every((value) => value! > 0 && value! <= 1));
});

test("windows cross no gap in the timestamps; what no window covers has null", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const series = makeSeries(20);
  // Steps of one minute, with a gap of an hour before row 7 and before row 10: rows 7 to 9 are too few for a
  // window.
  const timestamps = series.map(
    (_, row) =>
      Date.UTC(2024, 0, 1) + row * 60_000 + (row >= 7 ? 1 : 0) * 3_600_000 + (row >= 10 ? 1 : 0) * 3_600_000,
  );
  const nulls = ({ timesteps }: SeriesAnswer) =>
    timesteps.score.flatMap((value, row) => (value === null ? [row] : []));
  const given = await answerOf(await score("small", { series, timestamps, maxGapMs: 120_000 }));
  assert.deepEqual(nulls(given), [7, 8, 9]);
  assert.equal(given.timesteps.anomalous[8], null);
  assert.equal(given.timesteps.pValue[8], null);
  const byDefault = await answerOf(await score("small", { series, timestamps }));
  assert.deepEqual(byDefault.timesteps, given.timesteps);
  const written = timestamps.map((ms) => new Date(ms).toISOString());
  const rfc3339 = await answerOf(await score("small", { series, timestamps: written, maxGapMs: 120_000 }));
  assert.deepEqual(rfc3339.timesteps, given.timesteps);
  const none = await answerOf(await score("small", { series, timestamps, maxGapMs: 1 }));
  assert.equal(nulls(none).length, 20);
  assert.deepEqual(none.events, []);
});

test("a missing reading is null in a series too", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const series: (number | null)[][] = makeSeries(12);
  for (const row of [5, 6, 7, 8, 9, 10, 11]) series[row] = [null, null];
  const { timesteps } = await answerOf(await score("small", { series }));
  assert.notEqual(timesteps.anomalous[0], null);
  assert.equal(timesteps.score[11], null);
  assert.equal(timesteps.anomalous[11], null);
});

test("a line for each timestep and event, where the caller takes lines", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const body = { series: makeSeries(200), threshold: { value: 0.5 } };
  const whole = await answerOf(await score("small", body));
  const response = await score("small", body, { accept: "application/x-ndjson" });
  assert.match(response.headers.get("content-type") ?? "", /^application\/x-ndjson/);
  const lines = (await response.text()).split("\n");
  assert.equal(lines.pop(), "");
  const [head, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(head, { model: whole.model, threshold: whole.threshold });
  const { score: scores, anomalous, pValue, timestepError } = whole.timesteps;
  assert.deepEqual(
    rest.slice(0, 200),
    scores.map((value, row) => ({
      timestep: row,
      score: value,
      pValue: pValue[row],
      anomalous: anomalous[row],
      timestepError: timestepError[row],
    })),
  );
  assert.deepEqual(
    rest.slice(200, -1),
    whole.events.map((event) => ({ event })),
  );
  assert.ok("timing" in rest.at(-1)!);
});

test("what is wrong with a series is said with its place", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const series = makeSeries(6);
  const times = [1, 2, 3, 4, 5, 6].map((second) => 1.7e9 + second);
  for (const [body, status, code, path] of [
    [{ series, windows: [series.slice(0, 4)] }, 400, "INVALID_REQUEST", "/series"],
    [{ series: 1 }, 400, "INVALID_REQUEST", "/series"],
    [{ series: [] }, 422, "SHAPE_MISMATCH", "/series"],
    [{ series: series.slice(0, 3) }, 422, "SHAPE_MISMATCH", "/series"],
    [{ series: [...series, [1]] }, 422, "SHAPE_MISMATCH", "/series/6"],
    [{ series: [...series, [1, "2"]] }, 400, "INVALID_REQUEST", "/series/6/1"],
    [{ series: [...series, 1] }, 400, "INVALID_REQUEST", "/series/6"],
    [{ series, stride: 0 }, 400, "INVALID_REQUEST", "/stride"],
    [{ series, stride: 1.5 }, 400, "INVALID_REQUEST", "/stride"],
    [{ series, stride: null }, 400, "INVALID_REQUEST", "/stride"],
    [{ series, maxGapMs: 5 }, 400, "INVALID_REQUEST", "/maxGapMs"],
    [{ series, timestamps: times, maxGapMs: 0 }, 400, "INVALID_REQUEST", "/maxGapMs"],
    [{ series, timestamps: times.slice(1) }, 400, "INVALID_REQUEST", "/timestamps"],
    [{ series, timestamps: [1, 2, 3, 3, 4, 5], timeUnit: "s" }, 400, "INVALID_REQUEST", "/timestamps/3"],
    [
      { series, timestamps: [...times.slice(0, 2), "yesterday", 4, 5, 6] },
      400,
      "INVALID_REQUEST",
      "/timestamps/2",
    ],
    [
      { series, timestamps: days("2024-02-28", "2024-02-29", "2024-02-30") },
      400,
      "INVALID_REQUEST",
      "/timestamps/2",
    ],
    [{ series, timestamps: [1.7e9, null, 3, 4, 5, 6] }, 400, "INVALID_REQUEST", "/timestamps/1"],
    [{ windows: [series.slice(0, 4)], stride: 1 }, 400, "INVALID_REQUEST", "/stride"],
    [{ windows: [series.slice(0, 4)], timestamps: times }, 400, "INVALID_REQUEST", "/timestamps"],
  ] as const) {
    const response = await score("small", body);
    const problem = (await response.json()) as { code: string; errors: { path: string }[] };
    assert.equal(problem.code, code, JSON.stringify(body));
    assert.equal(response.status, status);
    assert.equal(problem.errors[0]!.path, path);
  }
});

test("a long series is fed in slices that the queue can hold, and others are served meanwhile", async (t) => {
  const { url, score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 64, RESIDUA_MAX_BATCH_WINDOWS: 16 },
  });
  const series = makeSeries(20_000);
  let isOver = false;
  const long = score("small", { series }).then(async (response) => {
    const answer = await answerOf(response);
    isOver = true;
    return answer;
  });
  let served = 0;
  while (!isOver) {
    const response = await score("small", { windows: [series.slice(0, 4)], include: [] });
    await response.arrayBuffer();
    assert.ok(response.status === 200 || response.status === 429);
    if (response.status === 200) served += 1;
  }
  assert.ok(served > 0);
  const { timesteps } = await long;
  assert.equal(timesteps.score.length, 20_000);
  assert.ok(timesteps.score.every((value) => value !== null));
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});
