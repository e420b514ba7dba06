import assert from "node:assert/strict";
import { test } from "node:test";
import { readArrowStream } from "../../src/dashboard/arrow-stream.js";
import {
  rowsOfFile,
  type SeriesRows,
  type SeriesScores,
  scoresOfAnswer,
} from "../../src/dashboard/series-data.js";
import type { Manifest } from "../../src/dashboard/service-types.js";
import { judge } from "../../src/dashboard/verdicts.js";
import { makeWaves, STEP_MS, serveTrained, TIMESTEPS } from "../http/trained-service.js";

test("another threshold gives the verdicts of the service, and its events but for edges of huge faults, without a request", async (t) => {
  const { score, url } = await serveTrained(t);
  const manifest = (await (await fetch(`${url}/v1/models/waves/versions/1`)).json()) as Manifest;
  // Two faults, and a gap behind which rows go on.
  const series = makeWaves(5, 900, (row) => (row > 300 && row < 330 ? 1.2 : row > 600 && row < 640 ? -1 : 0));
  const timestamps = series.map((_, row) => Date.UTC(2024, 5, 1) + (row + (row >= 620 ? 500 : 0)) * STEP_MS);
  const ask = async (threshold?: object): Promise<SeriesScores> => {
    const include = ["timestepError", "featureError", "reconstruction"];
    const body = { series, timestamps, include, ...(threshold && { threshold }) };
    const response = await score("waves", body, { accept: "application/vnd.apache.arrow.stream" });
    assert.equal(response.status, 200);
    const table = readArrowStream(new Uint8Array(await response.arrayBuffer()));
    return scoresOfAnswer(table, ["sin", "cos"], "reconstruction");
  };
  const scores = await ask();
  const columns = [0, 1].map((feature) => series.map((row) => row[feature]!));
  const [rows] = rowsOfFile("x", {
    features: ["sin", "cos"],
    maxGapMs: 10 * STEP_MS,
    notes: [],
    series: [{ group: null, rows: 900, timestamps, readings: columns }],
  }) as [SeriesRows];
  const alarms = manifest.alarms?.scorers[scores.threshold!.scorer];
  assert.ok(alarms !== undefined);
  assert.ok(scores.events.length >= 2);
  assert.deepEqual(judge(rows, scores, alarms, scores.threshold!.value).events, scores.events);
  const own = scores.threshold!.value;
  let counts = 0;
  for (const value of [own * 0.6, own * 0.8, own * 1.5, own * 4, own * 1000]) {
    const asked = await ask({ value });
    const { events, anomalousRows } = judge(rows, scores, alarms, value);
    assert.equal(events.length, asked.events.length);
    events.forEach(({ start, end, peak, score: height, open }, index) => {
      const wanted = asked.events[index]!;
      assert.deepEqual([peak, open], [wanted.peak, wanted.open]);
      // The service writes the digits of a float32.
      assert.equal(Math.fround(height), Math.fround(wanted.score));
      // Around a huge fault, the errors of single rows are known to the service alone.
      assert.ok(start <= wanted.start && start > wanted.start - TIMESTEPS);
      assert.ok(end >= wanted.end && end < wanted.end + TIMESTEPS);
    });
    assert.equal(anomalousRows, asked.anomalous.filter((verdict) => verdict === 1).length);
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
