/** The times of a series, and the newest timesteps of an answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTimestamps, TIME_UNITS } from "../../src/http/timestamps.js";
import { startService } from "./running-service.js";

interface Answer {
  readonly timesteps: {
    readonly from: number;
    readonly final: number;
    readonly score: (number | null)[];
    readonly pValue: (number | null)[];
    readonly anomalous: (boolean | null)[];
  };
  readonly events: { readonly start: number; readonly end: number }[];
  readonly time?: { unit: string | null; stepMs: number | null; gaps: number };
  readonly notes?: string[];
  readonly continuation?: string;
}

const ROWS = 40;
const MIDNIGHT = Date.UTC(2024, 2, 1);
const DAY = 86_400_000;
const series = Array.from({ length: ROWS }, (_, row) => [
  20 + Math.sin(row / 5),
  1e5 + 100 * Math.cos(row / 7) + (row >= 20 && row < 24 ? 1500 : 0),
]);
/** Every 15 minutes, with a week missing before row 30. */
const timesMs = series.map((_, row) => MIDNIGHT + row * 900_000 + (row >= 30 ? 7 * DAY : 0));

const FACTORS = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6 } as const;
const inUnit = (unit: keyof typeof FACTORS) => timesMs.map((ms) => ms * FACTORS[unit]);

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer;
}

test("numbers are read in the unit that the largest tells, and cross no gap in any", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const text = await answerOf(
    await score("small", { series, timestamps: timesMs.map((ms) => new Date(ms).toISOString()) }),
  );
  assert.deepEqual(text.time, { unit: null, stepMs: 900_000, gaps: 1 });
  assert.match(text.notes!.join(" "), /^No window crosses a step of more than 9000 s/);
  for (const unit of TIME_UNITS) {
    const timestamps = inUnit(unit);
    const answer = await answerOf(await score("small", { series, timestamps, maxGapMs: 3_600_000 }));
    assert.deepEqual(answer.time, { unit, stepMs: 900_000, gaps: 1 });
    assert.deepEqual(answer.timesteps, text.timesteps);
    assert.equal(answer.notes!.length, 1);
    assert.match(answer.notes![0]!, /^The timestamps are taken as \w+ since 1970, as the largest is \d+;/);
    const said = await answerOf(
      await score("small", { series, timestamps, maxGapMs: 3_600_000, timeUnit: unit }),
    );
    assert.deepEqual(said.notes, []);
  }
  assert.equal("time" in (await answerOf(await score("small", { series }))), false);
});

test("small numbers have a unit only where the request says it", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const timestamps = series.map((_, row) => row);
  const refused = await score("small", { series, timestamps });
  const { status, code, detail } = (await refused.json()) as { status: number; code: string; detail: string };
  assert.deepEqual([status, code], [400, "INVALID_REQUEST"]);
  assert.match(detail, /timeUnit/);
  const { time } = await answerOf(await score("small", { series, timestamps, timeUnit: "s" }));
  assert.deepEqual(time, { unit: "s", stepMs: 1000, gaps: 0 });
});

test("text without a zone, and a mixture, are refused with what was sent", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const texts = timesMs.map((ms) => new Date(ms).toISOString());
  const last = ROWS - 1;
  const sent: [unknown[], object, RegExp][] = [
    [texts.with(last, "2024-04-01T00:00:00"), {}, /\/timestamps\/39 is "2024-04-01T00:00:00".*no time zone/],
    [texts.with(last, "2024-04-01 00:00"), {}, /"2024-04-01 00:00".*no time zone/],
    [texts.with(last, "2024-04-01"), {}, /no time zone/],
    [texts.with(last, "1 April 2024"), {}, /"1 April 2024".*RFC 3339/],
    [(texts as unknown[]).with(last, timesMs[last]), {}, /must be text/],
    [(timesMs as unknown[]).with(last, texts[last]), {}, /must be a number/],
    [texts, { timeUnit: "s" }, /timeUnit/],
    [timesMs, { timeUnit: "h" }, /timeUnit/],
  ];
  for (const [timestamps, options, message] of sent) {
    const response = await score("small", { series, timestamps, ...options });
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as { detail: string }).detail, message);
  }
  const alone = await score("small", { series, timeUnit: "s" });
  assert.match(((await alone.json()) as { detail: string }).detail, /\/timeUnit needs timestamps/);
});

test("of any times between 1974 and 5000, the unit is found and the same milliseconds read", () => {
  const moments = fc.uniqueArray(fc.integer({ min: 126_230_400, max: 95_617_584_000 }), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(moments, fc.constantFrom(...TIME_UNITS), (seconds, unit) => {
      seconds.sort((a, b) => a - b);
      const timestamps = seconds.map((second) => second * 1000 * FACTORS[unit]);
      const read = readTimestamps(timestamps, seconds.length);
      assert.equal(read.unit, unit);
      // Nanoseconds of far years are not all doubles.
      const near = (ms: number, row: number) => Math.abs(ms - seconds[row]! * 1000) < 0.02;
      assert.ok([...read.ms].every(near));
    }),
  );
});

test("of the last timesteps, the same is answered as of all, with the events that reach into them", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const threshold = { value: 2 };
  const whole = await answerOf(await score("small", { series, threshold }));
  assert.ok(whole.events.length > 0);
  for (const last of [1, 3, 18, ROWS, 1000]) {
    const from = Math.max(0, ROWS - last);
    const { timesteps, events } = await answerOf(await score("small", { series, threshold, last }));
    assert.deepEqual([timesteps.from, timesteps.final], [from, Math.max(0, ROWS - 3 - from)]);
    assert.deepEqual(timesteps.score, whole.timesteps.score.slice(from));
    assert.deepEqual(timesteps.pValue, whole.timesteps.pValue.slice(from));
    assert.deepEqual(timesteps.anomalous, whole.timesteps.anomalous.slice(from));
    assert.deepEqual(
      events,
      whole.events.filter(({ end }) => end >= from),
    );
    const lines = await score("small", { series, threshold, last }, { accept: "application/x-ndjson" });
    const [, first] = (await lines.text()).split("\n");
    assert.equal((JSON.parse(first!) as { timestep: number }).timestep, from);
  }
  for (const last of [0, 1.5, "3", null]) {
    assert.equal((await score("small", { series, last })).status, 400);
  }
  assert.equal((await score("small", { windows: [series.slice(0, 4)], last: 1 })).status, 400);
});

test("in a stream, last and time speak of the stream", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const send = async (from: number, to: number, continuation: string, options: object) =>
    answerOf(
      await score("small", {
        series: series.slice(from, to),
        timestamps: timesMs.slice(from, to),
        maxGapMs: 3_600_000,
        continuation,
        ...options,
      }),
    );
  const one = await send(0, 30, "", { last: 5 });
  assert.deepEqual([one.timesteps.from, one.timesteps.score.length], [25, 5]);
  assert.deepEqual(one.time, { unit: "ms", stepMs: 900_000, gaps: 0 });
  // The gap is between the rows kept and the new ones.
  const two = await send(30, 40, one.continuation!, {});
  assert.deepEqual([two.timesteps.from, two.timesteps.score.length], [27, 13]);
  assert.deepEqual(two.time, { unit: "ms", stepMs: 900_000, gaps: 1 });
  const whole = await answerOf(await score("small", { series, timestamps: timesMs, maxGapMs: 3_600_000 }));
  assert.deepEqual(two.timesteps.score, whole.timesteps.score.slice(27));
});
