/** Series sent in parts, with a continuation, are answered as if all rows had been sent at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type RunningService, startService } from "./running-service.js";
import { makeWaves, STEP_MS, serveTrained, TIMESTEPS } from "./trained-service.js";

interface Event {
  readonly id: number;
  readonly end: number;
}

interface Answer {
  readonly timesteps: Readonly<Record<string, unknown[]>> & { readonly from: number; readonly final: number };
  readonly events: readonly Event[];
  readonly drift: object | null;
  readonly continuation?: string;
}

type Rows = (number | null)[][];
type Score = RunningService["score"];
interface Stream {
  readonly series: Rows;
  readonly timestamps: readonly number[] | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether stride and gap are in every request. */
  readonly isRepeated?: boolean;
}

async function send(score: Score, model: string, body: object): Promise<Answer> {
  const response = await score(model, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer;
}

const INCLUDED = ["timestepError", "featureError", "reconstruction", "bounds"];

/** The columns of an answer by name; bounds are two. */
function columnsOf({ timesteps }: Answer): Record<string, unknown[]> {
  const { from: _from, final: _final, bounds, ...columns } = timesteps;
  if (bounds === undefined || bounds === null) return columns;
  const { lower, upper } = bounds as unknown as Record<string, unknown[]>;
  return { ...columns, lower: lower!, upper: upper! };
}

/** How many events are over in the rows that are final: what was answered of later ones is answered anew. */
function eventsClosed(continuation: string): number {
  const bytes = Buffer.from(continuation, "base64url");
  const json = bytes.toString("utf8", 48, 48 + bytes.readUInt32LE(44));
  return (JSON.parse(json) as { events: { closed: number } }).events.closed;
}

/** Sends the rows in parts, and compares what was answered last for each row with the answer to all rows at once. */
async function checkLaw(score: Score, model: string, stream: Stream, cuts: readonly number[]): Promise<void> {
  const { series, timestamps, options, isRepeated = true } = stream;
  const whole = await send(score, model, {
    series,
    ...(timestamps === undefined ? {} : { timestamps }),
    ...options,
  });
  const expected = columnsOf(whole);
  const joined: Record<string, unknown[]> = Object.fromEntries(
    Object.keys(expected).map((name) => [name, []]),
  );
  const events = new Map<number, Event>();
  let continuation = "";
  let drift: object | null = null;
  let start = 0;
  let final = 0;
  let closed = 0;
  for (const end of [...cuts, series.length]) {
    const answer = await send(score, model, {
      series: series.slice(start, end),
      ...(timestamps === undefined ? {} : { timestamps: timestamps.slice(start, end) }),
      ...(start === 0 || isRepeated
        ? options
        : { threshold: options["threshold"], include: options["include"] }),
      continuation,
    });
    const { from } = answer.timesteps;
    assert.equal(from, final);
    const columns = columnsOf(answer);
    assert.deepEqual(Object.keys(columns), Object.keys(expected));
    for (const [name, values] of Object.entries(columns)) {
      assert.equal(values.length, end - from);
      joined[name]!.splice(from, Number.POSITIVE_INFINITY, ...values);
    }
    final = from + answer.timesteps.final;
    for (const id of events.keys()) if (id > closed) events.delete(id);
    for (const event of answer.events) events.set(event.id, event);
    continuation = answer.continuation!;
    assert.ok(continuation.length <= 128 * 1024);
    closed = eventsClosed(continuation);
    drift = answer.drift;
    start = end;
  }
  for (const [name, values] of Object.entries(expected)) assert.deepEqual(joined[name], values, name);
  assert.deepEqual([...events.values()], whole.events);
  assert.deepEqual(drift, whole.drift);
  assert.equal(final, whole.timesteps.final);
}

const cutsOf = (rows: number) =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: rows - 1 }), { maxLength: 12 })
    .map((cuts) => cuts.sort((a, b) => a - b));

/** Waves with faults of all lengths, readings and whole rows that are missing, and gaps in time. */
const streams = fc
  .record({
    seed: fc.nat(10_000),
    rows: fc.integer({ min: TIMESTEPS, max: 420 }),
    faults: fc.array(
      fc.record({
        at: fc.nat(400),
        rows: fc.integer({ min: 1, max: 90 }),
        by: fc.constantFrom(0.4, 1, 3, 1e9),
      }),
      { maxLength: 4 },
    ),
    missing: fc.array(fc.record({ at: fc.nat(400), rows: fc.integer({ min: 1, max: 12 }) }), {
      maxLength: 4,
    }),
    gaps: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 5 }), { nil: undefined }),
    stride: fc.constantFrom(undefined, 1, 2, 5, TIMESTEPS + 3),
    threshold: fc.constantFrom(undefined, { falseAlarmRate: 0.05 }, { falseAlarms: "20/1000rows" }),
    tail: fc.nat(1),
    isRepeated: fc.boolean(),
    include: fc.option(fc.subarray([...INCLUDED, "linear"]), { nil: undefined }),
  })
  .map(({ seed, rows, faults, missing, gaps, stride, threshold, tail, isRepeated, include }): Stream => {
    const series: Rows = makeWaves(seed, rows, (row) =>
      faults.reduce((sum, { at, rows, by }) => sum + (row >= at && row < at + rows ? by : 0), 0),
    );
    for (const { at, rows: count } of missing) {
      for (const row of series.slice(at, at + count)) row.fill(null, tail);
    }
    let time = Date.UTC(2025, 0, 1);
    const timestamps = gaps && series.map((_, row) => (time += STEP_MS * (gaps.includes(row) ? 50 : 1)));
    return {
      series,
      timestamps,
      isRepeated,
      options: { stride, threshold, include, ...(gaps === undefined ? {} : { maxGapMs: 10 * STEP_MS }) },
    };
  });

test("the answers to parts of a series, joined, are the answer to all of it", async (t) => {
  const { score } = await serveTrained(t);
  await fc.assert(
    fc.asyncProperty(
      streams.chain((stream) => fc.tuple(fc.constant(stream), cutsOf(stream.series.length))),
      ([stream, cuts]) => checkLaw(score, "waves", stream, cuts),
    ),
    { numRuns: 60 },
  );
});

test("a model that reads the calendar has the hours of rows that were sent before", async (t) => {
  const { score } = await serveTrained(t, "--calendar", "hour,weekday", "--time-zone", "Europe/Berlin");
  await fc.assert(
    fc.asyncProperty(
      streams
        .filter(({ timestamps }) => timestamps !== undefined)
        .chain((stream) => fc.tuple(fc.constant(stream), cutsOf(stream.series.length), fc.integer())),
      ([stream, cuts, seed]) => {
        // Steps of some minutes and fractions of seconds, so that rows of an hour differ.
        let time = Date.UTC(2025, 2, 29) + Math.abs(seed % 1000) / 7;
        const timestamps = stream.series.map((_, row) => (time += STEP_MS * (1 + (row % 5)) + row / 3));
        return checkLaw(score, "waves", { ...stream, timestamps }, cuts);
      },
    ),
    { numRuns: 25 },
  );
});

test("a series sent row by row has the events and the drift of all rows, also long ones", async (t) => {
  const { score } = await serveTrained(t);
  const fault = (row: number) => (row >= 60 && row < 160 ? 2 : row > 175 ? 0.4 : 0);
  const series = makeWaves(21, 300, fault);
  const cuts = Array.from({ length: 299 }, (_, i) => i + 1);
  await checkLaw(score, "waves", { series, timestamps: undefined, options: {} }, cuts);
  const whole = await send(score, "waves", { series });
  assert.ok(whole.events.length > 0 && whole.drift !== null);
});

test("a model of schema 1 has the same runs in parts", async (t) => {
  const folder = fileURLToPath(new URL("../../../test/fixtures/schema-1/", import.meta.url));
  const { score, url } = await startService(t, { contents: {}, config: { RESIDUA_MODELS: folder } });
  const manifest = (await (await fetch(`${url}/v1/models/pump`)).json()) as {
    timesteps: number;
    features: object[];
  };
  const series = Array.from({ length: 12 * manifest.timesteps }, (_, row) =>
    manifest.features.map((_, feature) => Math.sin(row / 3 + feature) + (row % 37 === 5 ? 30 : 0)),
  );
  const { timesteps } = await send(score, "pump", { series });
  const scores = [...(timesteps["score"] as number[])].sort((a, b) => a - b);
  const options = { threshold: { value: scores[Math.floor(0.6 * scores.length)]! } };
  await fc.assert(
    fc.asyncProperty(cutsOf(series.length), (cuts) =>
      checkLaw(score, "pump", { series, timestamps: undefined, options }, cuts),
    ),
    { numRuns: 10 },
  );
});

test("lines number the rows of the stream, and end with the continuation", async (t) => {
  const { score } = await serveTrained(t);
  const series = makeWaves(22, 200, (row) => (row >= 90 && row < 130 ? 2 : 0));
  const { continuation } = await send(score, "waves", { series: series.slice(0, 100), continuation: "" });
  const body = { series: series.slice(100), continuation };
  const whole = await send(score, "waves", body);
  const text = await (await score("waves", body, { accept: "application/x-ndjson" })).text();
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const from = 100 - TIMESTEPS + 1;
  assert.equal(lines[1]!["timestep"], from);
  assert.deepEqual(
    lines.slice(1, 1 + 200 - from).map((line) => line["score"]),
    whole.timesteps["score"],
  );
  assert.deepEqual(
    lines.slice(1 + 200 - from, -1),
    whole.events.map((event) => ({ event })),
  );
  const last = lines.at(-1)!;
  assert.deepEqual(last["timesteps"], { from, final: 100 });
  assert.equal(last["continuation"], whole.continuation);
  assert.deepEqual(last["drift"], whole.drift);
});
