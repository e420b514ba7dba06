/** What docs/migrating-from-azure-anomaly-detector.md says of requests and answers, compared with real ones. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeWaves, STEP_MS, serveTrained, TIMESTEPS } from "../http/trained-service.js";
import { repository } from "../server-process.js";

const page = readFileSync(join(repository, "docs", "migrating-from-azure-anomaly-detector.md"), "utf8");

/** The value at a path such as `events[].features[].name`; an index that the page leaves open is 0. */
function valueAt(answer: unknown, path: string): unknown {
  return path
    .replaceAll(/\[\w?\]/g, ".0")
    .split(".")
    .reduce((value, step) => (value as Record<string, unknown> | undefined)?.[step], answer);
}

test("the members that the page names are in an answer to the request that it shows", async (t) => {
  const { score } = await serveTrained(t);
  const [azure, own] = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(
    ([, text]) => JSON.parse(text!) as Record<string, unknown>,
  );
  assert.ok(azure !== undefined && "granularity" in azure && own !== undefined);
  const { series: _series, timestamps: _timestamps, ...options } = own;
  assert.deepEqual(Object.keys(own).sort(), ["include", "series", "threshold", "timestamps"]);
  assert.match((options["threshold"] as { falseAlarms: string }).falseAlarms, /^1\/week$/);
  // A fault up to the end. Four days of data carry one event a day, not one a week.
  const series = makeWaves(5, 400, (row) => (row >= 385 ? 3 : 0));
  const body = {
    ...options,
    threshold: { falseAlarms: "1/day" },
    series,
    timestamps: series.map((_, row) => new Date(Date.UTC(2024, 0, 20) + row * STEP_MS).toISOString()),
  };
  const answer = async (more: object) => {
    const response = await score("waves", { ...body, ...more });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text) as { timesteps: Record<string, unknown[]> & { final: number } };
  };
  const [whole, newest] = [await answer({}), await answer({ last: 1 })];
  const named = [...page.matchAll(/`((?:timesteps|events|drift)(?:\.|\[|`)[\w.[\]]*)`?/g)];
  const paths = new Set(named.map(([, path]) => path!.replace("`", "")));
  assert.ok(paths.size >= 12, [...paths].join());
  for (const path of paths) {
    for (const found of [whole, newest]) assert.notEqual(valueAt(found, path), undefined, path);
  }
  for (const member of ["moved", "since", "pValue", "share"]) {
    assert.notEqual(valueAt(whole, `drift.${member}`), undefined, member);
  }
  // The newest timestep alone, and the number of those that more rows will not change.
  assert.equal(newest.timesteps["score"]!.length, 1);
  assert.equal(newest.timesteps.final, 0);
  assert.equal(whole.timesteps.final, series.length - TIMESTEPS + 1);
  // Positive anomalies are over the upper bound, in the caller's units.
  const { upper, lower } = newest.timesteps["bounds"] as unknown as Record<string, number[][]>;
  assert.equal(newest.timesteps["anomalous"]![0], true);
  assert.ok(series.at(-1)!.some((reading, f) => reading > upper![0]![f]!));
  assert.ok(lower![0]!.every((bound, f) => bound < upper![0]![f]!));
});
