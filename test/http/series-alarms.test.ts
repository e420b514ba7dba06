/** Events, false alarms and drift in the answers of a trained model to series. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startService } from "./running-service.js";
import { makeWaves, serveTrained, TIMESTEPS } from "./trained-service.js";

interface Drift {
  readonly moved: boolean;
  readonly since: number | null;
  readonly pValue: number;
  readonly share: number;
}

interface Answer {
  readonly threshold: {
    value: number;
    method: string;
    falseAlarmRate: number | null;
    falseAlarms: string | null;
    alarm: { k: number; n: number; endValue: number };
  };
  readonly timesteps: {
    from: number;
    final: number;
    score: number[];
    anomalous: boolean[];
    pValue: number[];
  };
  readonly events: { id: number; start: number; end: number; peak: number; score: number; open: boolean }[];
  readonly drift: Drift | null;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer;
}

async function problemOf(
  response: Response,
): Promise<{ status: number; code: string; path: string; detail: string }> {
  const { code, detail, errors } = (await response.json()) as {
    code: string;
    detail: string;
    errors: { path: string }[];
  };
  return { status: response.status, code, detail, path: errors[0]!.path };
}

test("a series that drifted is told so, and one that did not is not", async (t) => {
  const { score } = await serveTrained(t);
  const calm = await answerOf(await score("waves", { series: makeWaves(2, 3000) }));
  assert.equal(calm.drift!.moved, false);
  assert.equal(calm.drift!.since, null);
  const moved = await answerOf(
    await score("waves", { series: makeWaves(3, 3000, (row) => (row >= 2000 ? 0.4 : 0)) }),
  );
  const { drift } = moved;
  assert.equal(drift!.moved, true);
  assert.ok(Math.abs(drift!.since! - 2000) <= 8 * TIMESTEPS, `since ${drift!.since}`);
  assert.ok(drift!.pValue < 0.05 && drift!.share > 0.3 && drift!.share <= 1, JSON.stringify(drift));
  const from = drift!.since!;
  const small = moved.timesteps.pValue.slice(from).filter((p) => p <= 0.05).length;
  assert.ok(Math.abs(drift!.share - small / (3000 - from)) < 0.02);
  // 19 blocks are too few to say anything.
  assert.equal(
    (await answerOf(await score("waves", { series: makeWaves(4, 19 * TIMESTEPS + 7) }))).drift,
    null,
  );
  assert.notEqual(
    (await answerOf(await score("waves", { series: makeWaves(4, 20 * TIMESTEPS) }))).drift,
    null,
  );
});

test("an event is where the fault is, and is open while it goes on", async (t) => {
  const { score } = await serveTrained(t);
  const fault = (row: number) => (row >= 500 && row < 520 ? 2 : 0);
  const series = makeWaves(5, 800, fault);
  const { threshold, timesteps, events } = await answerOf(
    await score("waves", { series, threshold: { falseAlarmRate: 0.002 } }),
  );
  const event = events.find(({ start, end }) => start <= 510 && end >= 510)!;
  assert.ok(Math.abs(event.start - 500) <= 2 && Math.abs(event.end - 519) <= 2, JSON.stringify(event));
  assert.ok(event.peak >= event.start && event.peak <= event.end);
  assert.equal(event.score, timesteps.score[event.peak]);
  assert.ok(timesteps.anomalous[event.peak]);
  assert.equal(event.open, false);
  assert.ok(threshold.alarm.endValue <= threshold.value);
  for (const [row, anomalous] of timesteps.anomalous.entries()) {
    assert.equal(anomalous, timesteps.pValue[row]! <= 0.002, `row ${row}`);
  }
  const cut = await answerOf(
    await score("waves", { series: series.slice(0, 512), threshold: { falseAlarmRate: 0.002 } }),
  );
  const last = cut.events.at(-1)!;
  assert.ok(last.open && last.end === 511, JSON.stringify(last));
  assert.deepEqual(
    [timesteps.from, timesteps.final, cut.timesteps.final],
    [0, 800 - TIMESTEPS + 1, 512 - TIMESTEPS + 1],
  );
  // Those timesteps stay as they are when more rows come.
  assert.deepEqual(
    timesteps.score.slice(0, cut.timesteps.final),
    cut.timesteps.score.slice(0, cut.timesteps.final),
  );
});

test("the event of a huge fault holds few of the normal rows around it", async (t) => {
  const { score } = await serveTrained(t);
  for (const [rows, size] of [
    [1, 1e6],
    [3, 10],
    [20, 1e6],
    [60, 10],
  ] as const) {
    const series = makeWaves(7, 500, (row) => (row >= 300 && row < 300 + rows ? size : 0));
    const { events } = await answerOf(await score("waves", { series }));
    const event = events.find(({ start, end }) => start <= 300 + rows && end >= 300)!;
    const [before, after] = [300 - event.start, event.end - 300 - rows + 1];
    assert.ok(
      before >= 0 && before <= 2 && after >= 0 && after <= 2,
      `${rows} of ${size}: ${before}, ${after}`,
    );
  }
});

test("false alarms are kept as a request asks, and the fewer they are the higher the threshold", async (t) => {
  const { score } = await serveTrained(t);
  const series = makeWaves(6, 3000);
  let before = 0;
  for (const falseAlarms of ["20/1000rows", "8/day", "9.6/week"]) {
    const answer = await answerOf(await score("waves", { series, threshold: { falseAlarms } }));
    const { threshold, events, timesteps } = answer;
    assert.deepEqual(
      [threshold.method, threshold.falseAlarms, threshold.falseAlarmRate],
      ["falseAlarms", falseAlarms, null],
    );
    assert.ok(threshold.value >= before, `${falseAlarms}: ${threshold.value}`);
    before = threshold.value;
    for (const [row, anomalous] of timesteps.anomalous.entries()) {
      // Scores are written as float32: those at the threshold itself may be rounded over it.
      if (Math.abs(timesteps.score[row]! - threshold.value) < 1e-6) continue;
      assert.equal(anomalous, timesteps.score[row]! > threshold.value);
    }
    const asked = { "20/1000rows": 60, "8/day": (8 * 3000) / 288, "9.6/week": (9.6 * 3000) / 2016 }[
      falseAlarms
    ]!;
    assert.ok(events.length <= 2 * asked + 3, `${falseAlarms}: ${events.length} events, ${asked} asked for`);
  }
  const byRate = await answerOf(await score("waves", { series }));
  assert.deepEqual([byRate.threshold.falseAlarms, byRate.threshold.falseAlarmRate], [null, 0.01]);
});

test("lines hold the same, with drift and what is final in the last one", async (t) => {
  const { score } = await serveTrained(t, "--false-alarms", "2/day");
  const series = makeWaves(7, 700, (row) => (row >= 300 && row < 310 ? 2 : 0));
  const whole = await answerOf(await score("waves", { series }));
  assert.equal(whole.threshold.falseAlarms, "2/day");
  assert.ok(whole.events.length > 0);
  const response = await score("waves", { series }, { accept: "application/x-ndjson" });
  const lines = (await response.text()).trimEnd().split("\n");
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(parsed[0]!["threshold"], whole.threshold);
  assert.deepEqual(
    parsed.slice(701, -1),
    whole.events.map((event) => ({ event })),
  );
  const { timesteps, drift } = parsed.at(-1)!;
  assert.deepEqual(drift, whole.drift);
  assert.deepEqual(timesteps, { from: 0, final: 700 - TIMESTEPS + 1 });
  // Windows keep the rate: false alarms count events, which windows have none of.
  const windows = await score("waves", { windows: [series.slice(0, TIMESTEPS)] });
  const { threshold } = (await windows.json()) as { threshold: object };
  assert.deepEqual(Object.keys(threshold), ["value", "method", "scorer", "falseAlarmRate"]);
});

test("false alarms that a model cannot keep are refused with what it can", async (t) => {
  const { score } = await serveTrained(t);
  const series = makeWaves(8, 100);
  for (const [body, status, code, detail] of [
    [{ series, threshold: { falseAlarms: "0.001/month" } }, 422, "UNSUPPORTED_BY_MODEL", /one in \d+ rows/],
    [
      { windows: [series.slice(0, TIMESTEPS)], threshold: { falseAlarms: "1/day" } },
      422,
      "UNSUPPORTED_BY_MODEL",
      /events of a series/,
    ],
    [{ series, threshold: { falseAlarms: "0/week" } }, 400, "INVALID_REQUEST", /above 0/],
  ] as const) {
    const problem = await problemOf(await score("waves", body));
    assert.deepEqual([problem.status, problem.code, problem.path], [status, code, "/threshold/falseAlarms"]);
    assert.match(problem.detail, detail);
  }
  for (const threshold of [
    { falseAlarms: "1/year" },
    { falseAlarms: 1 },
    { falseAlarms: "1/day", value: 1 },
  ]) {
    assert.deepEqual((await problemOf(await score("waves", { series, threshold }))).code, "INVALID_REQUEST");
  }
});

test("a bundle of schema 1 answers with runs of anomalous timesteps, without drift, and keeps no false alarms", async (t) => {
  const folder = fileURLToPath(new URL("../../../test/fixtures/schema-1/", import.meta.url));
  const { score, url } = await startService(t, { contents: {}, config: { RESIDUA_MODELS: folder } });
  const manifest = (await (await fetch(`${url}/v1/models/pump`)).json()) as {
    timesteps: number;
    features: object[];
  };
  const series = Array.from({ length: 40 * manifest.timesteps }, (_, row) =>
    manifest.features.map((_, feature) => Math.sin(row / 3 + feature) + (row % 37 === 5 ? 30 : 0)),
  );
  const scored = await answerOf(await score("pump", { series, threshold: { value: 1e9 } }));
  assert.deepEqual(scored.events, []);
  const value = [...scored.timesteps.score].sort((a, b) => a - b)[Math.floor(0.7 * series.length)]!;
  const { threshold, timesteps, events, drift } = await answerOf(
    await score("pump", { series, threshold: { value } }),
  );
  assert.deepEqual(threshold.alarm, { k: 1, n: 1, endValue: value });
  assert.equal(drift, null);
  assert.ok(events.length > 1);
  for (const [row, anomalous] of timesteps.anomalous.entries()) {
    assert.equal(
      anomalous,
      events.some(({ start, end }) => start <= row && row <= end),
      `row ${row}`,
    );
  }
  const problem = await problemOf(await score("pump", { series, threshold: { falseAlarms: "1/day" } }));
  assert.deepEqual([problem.status, problem.code], [422, "UNSUPPORTED_BY_MODEL"]);
  assert.match(problem.detail, /published without counts of false alarms/);
  const facts = (await (await fetch(`${url}/v1/models/pump/versions/1/calibration`)).json()) as {
    alarms: null;
  };
  assert.equal(facts.alarms, null);
});
