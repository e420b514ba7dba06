import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OWN_ARRAYS } from "../../src/scoring/arrays.js";
import { FLOAT32_MAX } from "../../src/scoring/residuals.js";
import { prepareScoring, type ScoringModel } from "../../src/scoring/scoring-model.js";
import {
  type NetworkOutputs,
  prepareWindows,
  scoreWindows,
  unscaleHead,
} from "../../src/scoring/window-scoring.js";
import { cutWindows } from "../../src/scoring/windows.js";
import { everyCase } from "./cases.js";

const missing = Number.NaN;
const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : Math.min(values.reduce((a, b) => a + b, 0) / values.length, FLOAT32_MAX);
const near = (a: number, b: number, what: string): void => {
  const close = Number.isNaN(b) ? Number.isNaN(a) : Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b));
  assert.ok(close, `${what}: ${a}, not ${b}`);
};

test("a reading enters as Math.fround((x - offset) / scale), clipped, and every number is finite", () => {
  fc.assert(
    fc.property(everyCase, ({ model, count, readings }) => {
      const { scaled, present, coverage } = prepareWindows(model, readings, count);
      const most = model.clip ?? FLOAT32_MAX;
      const size = model.timesteps * model.features;
      for (let i = 0; i < readings.length; i++) {
        const feature = i % model.features;
        const scale = (x: number): number =>
          Math.fround(
            Math.max(
              -most,
              Math.min(most, (x - model.scaler.offset[feature]!) / model.scaler.scale[feature]!),
            ),
          );
        // The last reading of the feature in this window, at or before this timestep.
        let from = i;
        while (
          from >= 0 &&
          Math.floor(from / size) === Math.floor(i / size) &&
          Number.isNaN(readings[from]!)
        ) {
          from -= model.features;
        }
        const found = from >= 0 && Math.floor(from / size) === Math.floor(i / size);
        assert.equal(scaled[i], scale(found ? readings[from]! : model.scaler.mean![feature]!));
        assert.ok(Number.isFinite(scaled[i]!));
        assert.equal(present?.[i] ?? 1, Number.isNaN(readings[i]!) ? 0 : 1);
      }
      for (let window = 0; window < count; window++) {
        const there = readings.subarray(window * size, (window + 1) * size).filter((x) => !Number.isNaN(x));
        assert.equal(coverage[window], there.length / size);
      }
    }),
  );
});

test("windows of a series enter as if each were by itself", () => {
  fc.assert(
    fc.property(everyCase, fc.infiniteStream(fc.nat()), ({ model, count, readings }, stream) => {
      const { timesteps, features } = model;
      const rows = count * timesteps;
      const starts = Int32Array.from({ length: 5 }, () => stream.next().value % (rows - timesteps + 1));
      const cut = cutWindows(readings, features, starts, timesteps);
      assert.deepEqual(prepareWindows(model, readings, 5, OWN_ARRAYS, starts), prepareWindows(model, cut, 5));
    }),
  );
});

test("without a mean of its own, a scaler's offset stands in for what is missing first", () => {
  const model = prepareScoring({
    timesteps: 3,
    features: 1,
    heads: [{ name: "reconstruction", start: 0, steps: 3, reversed: false }],
    scaler: { kind: "standard", offset: [7], scale: [2] },
    clip: 20,
    minCoverage: 0.5,
  });
  const { scaled, coverage } = prepareWindows(model, Float64Array.from([missing, 9, missing]), 1);
  assert.deepEqual([...scaled], [0, 1, 1]);
  assert.equal(coverage[0], 1 / 3);
});

test("errors are those of the main head and of the loss, the score is the scorer's mean over all heads", () => {
  fc.assert(
    fc.property(
      everyCase,
      fc.constantFrom("squared", "absolute" as const),
      ({ model, count, readings, outputs }, scorer) => {
        const { timesteps, features, heads, loss } = model;
        const prepared = prepareWindows(model, readings, count);
        const scores = scoreWindows(model, scorer, prepared, outputs);
        const shown = loss === "mae" ? "absolute" : "squared";
        const main = heads.find(({ name }) => name === "reconstruction") ?? heads[0]!;
        for (let w = 0; w < count; w++) {
          /** By head: the errors at a timestep and feature; none where there is nothing to compare. */
          const errors = heads.map(
            ({ start, steps, reversed }, h) =>
              (t: number, f: number, kind: string) => {
                const row = t - start;
                if (row < 0 || row >= steps || Number.isNaN(readings[(w * timesteps + t) * features + f]!))
                  return [];
                const o = (w * steps + (reversed ? steps - 1 - row : row)) * features + f;
                const residual = prepared.scaled[(w * timesteps + t) * features + f]! - outputs.heads[h]![o]!;
                return [kind === "squared" ? residual ** 2 : Math.abs(residual)];
              },
          );
          const ofMain = errors[heads.indexOf(main)]!;
          const counted = errors.filter((_, h) => heads[h]!.name !== "linear");
          const allSteps = [...Array(timesteps).keys()];
          const allFeatures = [...Array(features).keys()];
          allSteps.forEach((t) => {
            const expected = mean(allFeatures.flatMap((f) => ofMain(t, f, shown)));
            near(scores.timestepError[w * timesteps + t]!, expected, `timestep ${t}`);
          });
          allFeatures.forEach((f) => {
            const expected = mean(allSteps.flatMap((t) => ofMain(t, f, shown)));
            near(scores.featureError[w * features + f]!, expected, `feature ${f}`);
          });
          heads.forEach(({ start, steps }, h) => {
            for (let row = 0; row < steps; row++) {
              const expected = mean(allFeatures.flatMap((f) => errors[h]!(start + row, f, shown)));
              near(scores.headErrors[h]![w * steps + row]!, expected, `head ${h}, row ${row}`);
            }
          });
          const pooled = allSteps.map((t) =>
            mean(counted.flatMap((own) => allFeatures.flatMap((f) => own(t, f, scorer)))),
          );
          near(scores.score[w]!, mean(pooled.filter((e) => !Number.isNaN(e))), "score");
          assert.equal(scores.saturated[w], 0);
          assert.equal(scores.coverage[w], prepared.coverage[w]);
        }
      },
    ),
  );
});

test("a window scores bitwise the same alone, in company, and as a slice", () => {
  fc.assert(
    fc.property(
      everyCase,
      fc.constantFrom("squared", "absolute" as const),
      ({ model, count, readings, outputs }, scorer) => {
        const size = model.timesteps * model.features;
        const together = scoreWindows(model, scorer, prepareWindows(model, readings, count), outputs);
        for (let w = 0; w < count; w++) {
          const part = <A extends Float64Array | Float32Array>(values: A): A =>
            values.slice((w * values.length) / count, ((w + 1) * values.length) / count) as A;
          const own = { heads: outputs.heads.map(part), embedding: part(outputs.embedding) };
          const prepared = prepareWindows(model, readings.slice(w * size, (w + 1) * size), 1);
          const alone = scoreWindows(model, scorer, prepared, own);
          const slice = scoreWindows(model, scorer, prepareWindows(model, readings, count), own, {
            from: w,
            count: 1,
          });
          for (const one of [alone, slice]) {
            assert.deepEqual(one.score, part(together.score));
            assert.deepEqual(one.timestepError, part(together.timestepError));
            assert.deepEqual(one.featureError, part(together.featureError));
            assert.deepEqual(one.headErrors, together.headErrors.map(part));
            assert.deepEqual(one.coverage, part(together.coverage.slice()));
          }
        }
      },
    ),
  );
});

const description = (clip: number | null) => ({
  timesteps: 2,
  features: 2,
  heads: [{ name: "reconstruction", start: 0, steps: 2, reversed: false }],
  scaler: { kind: "none" as const, offset: [0, 0], scale: [1, 1], mean: [0, 0] },
  clip,
  minCoverage: 0.5,
});
const plain = (clip: number | null = 20): ScoringModel => prepareScoring(description(clip));
const answer = (...values: number[]): NetworkOutputs => ({
  heads: [Float32Array.from(values)],
  embedding: new Float32Array(0),
});

test("errors saturate at float32's largest value", () => {
  const prepared = prepareWindows(plain(null), Float64Array.from([1e300, 0, 0, 0]), 1);
  const scores = scoreWindows(plain(null), "squared", prepared, answer(-FLOAT32_MAX, 0, 0, 0));
  assert.equal(scores.timestepError[0], FLOAT32_MAX);
  assert.equal(scores.timestepError[1], 0);
  assert.equal(scores.featureError[0], FLOAT32_MAX);
  assert.equal(scores.score[0], FLOAT32_MAX / 2);
  assert.equal(scores.saturated[0], 0);
});

test("an output that is not finite saturates its own window and no other", () => {
  for (const wild of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const gap of [3, missing]) {
      const prepared = prepareWindows(plain(), Float64Array.from([1, 2, gap, 4, 1, 2, 3, 4]), 2);
      const scores = scoreWindows(plain(), "squared", prepared, answer(1, 2, 3, wild, 1, 2, 3, 5));
      assert.deepEqual([...scores.saturated], [1, 0]);
      assert.deepEqual([...scores.score], [FLOAT32_MAX, 0.25]);
      assert.deepEqual([...scores.timestepError], [0, Number.NaN, 0, 0.5]);
      assert.deepEqual([...scores.featureError], [0, Number.NaN, 0, 0.5]);
    }
  }
});

test("it is noticed behind a missing reading, and in the embedding", () => {
  const prepared = prepareWindows(plain(), Float64Array.from([1, 2, 3, missing]), 1);
  const behind = scoreWindows(plain(), "squared", prepared, answer(1, 2, 3, Number.NaN));
  assert.deepEqual([behind.saturated[0], behind.score[0]], [1, FLOAT32_MAX]);
  const outputs = { ...answer(1, 2, 3, 4), embedding: Float32Array.from([Number.POSITIVE_INFINITY]) };
  assert.equal(scoreWindows(plain(), "squared", prepared, outputs).saturated[0], 1);
});

test("a window without a reading has no score, and is not saturated", () => {
  const prepared = prepareWindows(plain(), new Float64Array(4).fill(missing), 1);
  const scores = scoreWindows(plain(), "absolute", prepared, answer(0, 0, 0, 0));
  assert.deepEqual([scores.score[0], scores.saturated[0], scores.coverage[0]], [Number.NaN, 0, 0]);
});

test("a head is unscaled in float64 and given in time order", () => {
  fc.assert(
    fc.property(everyCase, ({ model, count, outputs }) => {
      model.heads.forEach(({ steps, reversed }, h) => {
        const values = unscaleHead(model, h, outputs);
        assert.equal(values.length, count * steps * model.features);
        for (let w = 0; w < count; w++) {
          for (let row = 0; row < steps; row++) {
            for (let f = 0; f < model.features; f++) {
              const y =
                outputs.heads[h]![(w * steps + (reversed ? steps - 1 - row : row)) * model.features + f]!;
              const expected = y * model.scaler.scale[f]! + model.scaler.offset[f]!;
              assert.equal(values[(w * steps + row) * model.features + f], expected);
            }
          }
        }
      });
    }),
  );
});

test("unscaling overflows to the largest double, and says NaN where the network did not answer", () => {
  const scaler = { kind: "standard", offset: [0, 0], scale: [1e308, 1] } as const;
  const model = prepareScoring({ ...description(20), scaler });
  const values = unscaleHead(model, 0, answer(20, Number.NaN, -20, Number.POSITIVE_INFINITY));
  assert.deepEqual([...values], [Number.MAX_VALUE, Number.NaN, -Number.MAX_VALUE, Number.NaN]);
});
