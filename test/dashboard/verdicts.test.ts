import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOfFile, type SeriesRows, scoresOfAnswer } from "../../src/dashboard/series-data.js";
import type { Manifest, SeriesAnswer } from "../../src/dashboard/service-types.js";
import { judge } from "../../src/dashboard/verdicts.js";
import { makeWaves, STEP_MS, serveTrained } from "../http/trained-service.js";

test("another threshold gives the verdicts and events that the service gives by it, without a request", async (t) => {
  const { score, url } = await serveTrained(t);
  const manifest = (await (await fetch(`${url}/v1/models/waves/versions/1`)).json()) as Manifest;
  // Two faults, and a gap behind which rows go on.
  const series = makeWaves(5, 900, (row) => (row > 300 && row < 330 ? 1.2 : row > 600 && row < 640 ? -1 : 0));
  const timestamps = series.map((_, row) => Date.UTC(2024, 5, 1) + (row + (row >= 620 ? 500 : 0)) * STEP_MS);
  const ask = async (threshold?: object): Promise<SeriesAnswer> => {
    const include = ["timestepError", "featureError", "reconstruction"];
    const response = await score("waves", { series, timestamps, include, ...(threshold && { threshold }) });
    assert.equal(response.status, 200);
    return (await response.json()) as SeriesAnswer;
  };
  const answer = await ask();
  const scores = scoresOfAnswer(answer, 2);
  const columns = [0, 1].map((feature) => series.map((row) => row[feature]!));
  const [rows] = rowsOfFile("x", {
    features: ["sin", "cos"],
    maxGapMs: 10 * STEP_MS,
    notes: [],
    series: [{ group: null, rows: 900, timestamps, readings: columns }],
  }) as [SeriesRows];
  const alarms = manifest.alarms?.scorers[answer.threshold!.scorer];
  assert.ok(alarms !== undefined && scores.timestepError !== undefined);
  assert.ok(answer.events.length >= 2);
  assert.deepEqual(judge(rows, scores, alarms, answer.threshold!.value).events, answer.events);
  const own = answer.threshold!.value;
  let counts = 0;
  for (const value of [own * 0.6, own * 0.8, own * 1.5, own * 4, own * 1000]) {
    const asked = await ask({ value });
    const { events, anomalousRows } = judge(rows, scores, alarms, value);
    const place = ({ start, end, peak, score: height, open }: (typeof events)[number]) => ({
      start,
      end,
      peak,
      height,
      open,
    });
    assert.deepEqual(events.map(place), asked.events.map(place));
    assert.equal(anomalousRows, asked.timesteps.anomalous.filter((verdict) => verdict === true).length);
    for (const { features } of events) {
      assert.ok(Math.abs(features.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
    }
    counts += events.length;
  }
  assert.ok(counts > 5);
  assert.deepEqual(judge(rows, scores, alarms, undefined), {
    threshold: undefined,
    events: [],
    anomalousRows: 0,
    judgedRows: 0,
  });
});
