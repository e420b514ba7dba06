import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram as PromHistogram, Registry } from "prom-client";
import { Histogram } from "../../src/serving/histogram.js";

const OPTIONS = { name: "seconds", help: "Some seconds", buckets: [0.1, 1, 10] };

test("it is written as prom-client writes its own", async () => {
  const observation = fc.record({
    route: fc.constantFrom("/a", '/b"\\', "/c\nd"),
    value: fc.oneof(fc.constantFrom(0.1, 1, 10), fc.double({ min: 0, max: 20, noNaN: true })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(observation), async (observations) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const histogram = new Histogram(ours, { ...OPTIONS, labels: ["route"] });
      const reference = new PromHistogram({ ...OPTIONS, labelNames: ["route"], registers: [theirs] });
      for (const { route, value } of observations) {
        histogram.with(route).observe(value);
        reference.observe({ route }, value);
      }
      assert.equal(await ours.metrics(), await theirs.metrics());
    }),
    { numRuns: 50 },
  );
});

test("series that are not kept are gone, and begin anew", async () => {
  const histogram = new Histogram(new Registry(), { ...OPTIONS, labels: ["model", "version"] });
  histogram.with("a", "1").observe(1);
  histogram.with("a", "2").observe(1);
  histogram.retain(({ version }) => version === "2");
  assert.deepEqual(
    [...histogram.entries()].map(({ labels }) => labels),
    [{ model: "a", version: "2" }],
  );
  assert.equal(histogram.with("a", "1").count, 0);
});
