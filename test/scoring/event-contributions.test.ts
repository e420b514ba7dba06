import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contributionsByFeature, type ScoredBatch } from "../../src/scoring/contributions.js";
import { EventContributions } from "../../src/scoring/event-contributions.js";
import { findEvents } from "../../src/scoring/event-stream.js";
import { eventRuleOf } from "../../src/scoring/events.js";
import { prepareScoring } from "../../src/scoring/scoring-model.js";
import { Stitcher } from "../../src/scoring/stitcher.js";
import { prepareWindows, scoreWindows } from "../../src/scoring/window-scoring.js";
import { windowStarts } from "../../src/scoring/windows.js";

const [T, F] = [4, 3];
const HEADS = ["reconstruction", "linear"].map((name) => ({ name, start: 0, steps: T, reversed: false }));
const MODEL = prepareScoring({
  timesteps: T,
  features: F,
  heads: HEADS,
  scaler: { kind: "none", offset: [0, 0, 0], scale: [1, 1, 1] },
  clip: 20,
  minCoverage: 0.5,
  fitted: new Map([["combined" as const, Float64Array.of(1, 1)]]),
});

/** A series of which the network reproduces 0, scored a batch at a time. */
function* batchesOf(readings: Float64Array, starts: Int32Array, size: number): Generator<ScoredBatch> {
  for (let from = 0; from < starts.length; from += size) {
    const some = starts.subarray(from, from + size);
    const prepared = prepareWindows(MODEL, readings, some.length, undefined, some);
    const heads = HEADS.map((_, h) => new Float32Array(some.length * T * F).fill(h / 8));
    const outputs = { heads, embedding: new Float32Array(0) };
    yield { prepared, outputs, scores: scoreWindows(MODEL, "combined", prepared, outputs) };
  }
}

/** Events by the contributions of all windows, and as EventContributions gives them; and what became of the batches. */
function search(readings: Float64Array, size: number, maxNumbers?: number) {
  const rows = readings.length / F;
  const starts = windowStarts(rows, T, 1);
  const windows = { starts, timesteps: T, stride: 1, featureNames: ["a", "b", "c"] };
  const [all, some] = [0, 1].map(() => new Float64Array(starts.length * F)) as [Float64Array, Float64Array];
  const score = new Float64Array(rows);
  const anomalous = new Int8Array(rows);
  const alarm = { threshold: 1, k: 2, n: 3, endValue: 0.5 };
  const rule = eventRuleOf({ alarm, errorLimit: undefined }, score, score);
  const judged = { base: 0, score, anomalous, rule };
  const contributions = new EventContributions(
    MODEL,
    "combined",
    { ...judged, windows: { ...windows, contributions: some } },
    undefined,
    maxNumbers,
  );
  const stitcher = new Stitcher(T);
  let [from, settled, batches, released, kept] = [0, 0, 0, 0, 0];
  const settle = (end: number): void => {
    const values = stitcher.settle(end);
    score.set(values, settled);
    for (const value of values) anomalous[settled++] = value > alarm.threshold ? 1 : 0;
    contributions.judge(end);
  };
  for (const batch of batchesOf(readings, starts, size)) {
    all.set(contributionsByFeature(MODEL, "combined", batch), from * F);
    stitcher.add(batch.scores.score, starts.subarray(from, from + batch.scores.count));
    from += batch.scores.count;
    batches++;
    contributions.add(batch, () => {
      released++;
      // What reads the batch after this would see it.
      batch.prepared.scaled.fill(Number.NaN);
    });
    if (from < starts.length) settle(starts[from]!);
    kept = Math.max(kept, batches - released);
  }
  settle(rows);
  for (const _ of contributions.finish());
  const eventsOf = (own: Float64Array) =>
    findEvents({ score, anomalous, rule, windows: { ...windows, contributions: own } });
  const split = Array.from(starts, (_, n) => some.subarray(n * F, n * F + F).some((own) => own !== 0));
  return { whole: eventsOf(all), given: eventsOf(some), all, some, split, batches, released, kept };
}

const series = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.constant(0.3) }, fc.double({ min: -3, max: 3, noNaN: true })), {
    minLength: T * F,
    maxLength: 150,
  })
  .map((values) => Float64Array.from(values.slice(0, values.length - (values.length % F))));

test("events are those of all windows' contributions, bit for bit, whatever the batches and however much is kept", () => {
  fc.assert(
    fc.property(
      series,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 0, 100, 300),
      (readings, size, maxNumbers) => {
        const { whole, given, batches, released, all, some } = search(readings, size, maxNumbers);
        assert.deepEqual(given, whole);
        assert.equal(released, batches);
        some.forEach((own, i) => {
          assert.ok(own === 0 || own === all[i]);
        });
      },
    ),
    { numRuns: 300 },
  );
});

test("scores of windows far from every event are not split, and their arrays are given back soon", () => {
  const readings = new Float64Array(400 * F).fill(0.3);
  readings.fill(3, 200 * F, 204 * F);
  const { given, split, batches, released, kept } = search(readings, 8);
  assert.equal(given.length, 1);
  const { start, end } = given[0]!;
  split.forEach((isSplit, window) => {
    const overlaps = window + T > start && window <= end;
    if (overlaps) assert.ok(isSplit, `window ${window}`);
    // An alarm that is under way for n rows more may still go on.
    if (window > end + 3 || window + T + 3 <= start) assert.ok(!isSplit, `window ${window}`);
  });
  assert.equal(released, batches);
  assert.ok(kept <= 3, `${kept} of ${batches} batches were kept at once`);
});

test("where less may be kept, the scores of all windows are split", () => {
  const { split, kept } = search(new Float64Array(100 * F).fill(0.3), 8, 0);
  assert.ok(split.every(Boolean));
  assert.ok(kept <= 1);
});
