/** What can be read about a version: its calibration, and what it was asked to score. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, WINDOW } from "./running-service.js";
import { makeWaves, serveTrained } from "./trained-service.js";

interface Sample {
  readonly n: number;
  readonly blocks: number;
  readonly quantiles: [number, number][];
}

const get = async (url: string): Promise<Record<string, unknown>> =>
  (await (await fetch(url)).json()) as Record<string, unknown>;

test("the calibration of a version: quantiles that its scores fit, and events by threshold", async (t) => {
  const { url, score } = await serveTrained(t, "--false-alarms", "3/day");
  const answer = await get(`${url}/v1/models/waves/versions/1/calibration`);
  const scorers = answer["scorers"] as Record<string, { windows: Sample; timesteps: Sample }>;
  assert.deepEqual(Object.keys(scorers).slice(0, 2), ["squared", "absolute"]);
  for (const { windows, timesteps } of Object.values(scorers)) {
    for (const { n, blocks, quantiles } of [windows, timesteps]) {
      assert.ok(n > 1000 && blocks > 100 && blocks <= n / 7);
      assert.deepEqual([quantiles[0]![0], quantiles.at(-1)![0]], [0, 1]);
      for (const [i, [share, value]] of quantiles.entries()) {
        if (i > 0) assert.ok(share > quantiles[i - 1]![0] && value >= quantiles[i - 1]![1]);
      }
    }
  }
  const alarms = answer["alarms"] as {
    begin: { k: number; n: number };
    end: number;
    perWeek: [number, number][];
    per1000Rows: [number, number][];
  };
  const response = await score("waves", { series: makeWaves(2, 100) });
  const { threshold } = (await response.json()) as {
    threshold: { value: number; alarm: { k: number; n: number; endValue: number } };
  };
  assert.deepEqual(threshold.alarm, { ...alarms.begin, endValue: alarms.end });
  const row = alarms.perWeek.find(([value]) => value === threshold.value)!;
  assert.ok(row[1] <= 21, `${row[1]} events a week of the 21 asked for`);
  // 2016 rows of five minutes are a week.
  for (const [i, [value, events]] of alarms.per1000Rows.entries()) {
    assert.equal(value, alarms.perWeek[i]![0]);
    assert.ok(Math.abs(alarms.perWeek[i]![1] - events * 2.016) < 1e-9);
  }
});

test("activity counts windows, scores and the share of anomalous ones, since the start", async (t) => {
  const before = new Date().toISOString();
  const { url, score } = await startService(t, { contents: { small: {} } });
  const path = `${url}/v1/models/small/versions/1/activity`;
  const idle = await get(path);
  assert.ok(String(idle["since"]) >= before && String(idle["since"]) <= new Date().toISOString());
  assert.deepEqual([idle["windows"], idle["anomalousShare"], idle["drift"]], [0, null, null]);
  await (await score("small", { windows: [WINDOW, WINDOW, WINDOW], threshold: { value: 0 } })).arrayBuffer();
  const response = await score("small", { windows: [WINDOW], threshold: { value: 1e9 }, include: [] });
  const [{ score: value }] = ((await response.json()) as { windows: [{ score: number }] }).windows;
  const busy = await get(path);
  assert.deepEqual([busy["windows"], busy["anomalousShare"]], [4, 0.75]);
  const { edges, counts } = busy["scores"] as { edges: number[]; counts: number[] };
  assert.equal(counts.length, edges.length + 1);
  const bin = edges.findIndex((edge) => value <= edge);
  assert.deepEqual(
    counts.flatMap((count, i) => (count > 0 ? [[i, count]] : [])),
    [[bin, 4]],
  );
  for (const name of ["activity", "calibration"]) {
    const missing = await get(`${url}/v1/models/small/versions/7/${name}`);
    assert.deepEqual([missing["status"], missing["code"]], [404, "VERSION_NOT_FOUND"]);
  }
});

test("drift is counted by series answers, and the last one is kept", async (t) => {
  const { url, score } = await serveTrained(t);
  const figures = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return ["residua_drift_answers_total", "residua_drift_moved_answers_total", "residua_drift_moved"].map(
      (name) => new RegExp(`^${name}\\{model="waves",version="1"\\} (\\d)$`, "m").exec(text)?.[1],
    );
  };
  const ask = async (series: number[][]) => {
    const answer = (await (await score("waves", { series })).json()) as { drift: object | null };
    const activity = await get(`${url}/v1/models/waves/versions/1/activity`);
    return { told: answer.drift, kept: activity["drift"] };
  };
  const short = await ask(makeWaves(2, 100));
  assert.deepEqual(short, { told: null, kept: null });
  assert.deepEqual(await figures(), ["0", "0", undefined]);
  const moved = await ask(makeWaves(3, 2000, (row) => (row >= 800 ? 0.4 : 0)));
  assert.deepEqual(moved.kept, moved.told);
  assert.deepEqual(await figures(), ["1", "1", "1"]);
  const calm = await ask(makeWaves(4, 2000));
  assert.deepEqual(calm.kept, calm.told);
  assert.deepEqual(await figures(), ["2", "1", "0"]);
});
