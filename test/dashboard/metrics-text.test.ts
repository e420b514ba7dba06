import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "prom-client";
import { bucketsSince, Metrics, parseMetrics, quantileOf } from "../../src/dashboard/metrics-text.js";

async function textOf(observed: readonly (readonly [route: string, seconds: number])[]): Promise<string> {
  const registry = new Registry();
  const histogram = new Histogram({
    name: "seconds",
    help: "x",
    labelNames: ["route"],
    buckets: [0.1, 1, 10],
    registers: [registry],
  });
  for (const [route, seconds] of observed) histogram.observe({ route }, seconds);
  return registry.metrics();
}

test("what prom-client writes is read: names, labels of any text, values", async () => {
  const text = await textOf([['a "quoted" \\ route, {x}', 0.5]]);
  const [first] = parseMetrics(text);
  assert.deepEqual(first, {
    name: "seconds_bucket",
    labels: { le: "0.1", route: 'a "quoted" \\ route, {x}' },
    value: 0,
  });
  assert.deepEqual(parseMetrics('up 1\nratio NaN\nbig{a="b"} +Inf 1700000000\n# HELP x y\n\nbad line\n'), [
    { name: "up", labels: {}, value: 1 },
    { name: "ratio", labels: {}, value: Number.NaN },
    { name: "big", labels: { a: "b" }, value: Number.POSITIVE_INFINITY },
  ]);
});

test("histograms are summed over labels, and told apart by time", async () => {
  const before = new Metrics(await textOf([["a", 0.05]]), 0);
  const now = new Metrics(
    await textOf([
      ["a", 0.05],
      ["a", 0.5],
      ["b", 5],
      ["b", 50],
    ]),
    1000,
  );
  const all = now.buckets("seconds");
  assert.deepEqual(all.counts, [1, 1, 1, 1]);
  assert.equal(all.count, 4);
  assert.deepEqual(now.buckets("seconds", ({ route }) => route === "b").counts, [0, 0, 1, 1]);
  assert.deepEqual(bucketsSince(all, before.buckets("seconds")).counts, [0, 1, 1, 1]);
  // A service that was started anew counts from zero.
  assert.deepEqual(bucketsSince(before.buckets("seconds"), all).counts, [1, 0, 0, 0]);
  assert.equal(now.sum("seconds_count"), 4);
  assert.equal(now.sum("nothing"), 0);
});

test("quantiles are linear within a bucket, and the last bound above all of them", async () => {
  const bounds = [1, 2, 4, Number.POSITIVE_INFINITY];
  const buckets = { bounds, counts: [10, 10, 0, 0], sum: 0, count: 20 };
  assert.equal(quantileOf(buckets, 0.5), 1);
  assert.equal(quantileOf(buckets, 0.75), 1.5);
  assert.equal(quantileOf({ ...buckets, counts: [0, 0, 0, 5], count: 5 }, 0.5), 4);
  assert.equal(quantileOf({ ...buckets, counts: [0, 0, 0, 0], count: 0 }, 0.5), undefined);
});
