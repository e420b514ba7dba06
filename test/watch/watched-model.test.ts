/** What is asked for beside what the model takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import type { WatchedModel } from "../../src/watch/service-client.js";
import { inModelOrder, stepOf } from "../../src/watch/watched-model.js";

const PUMP: WatchedModel = { timesteps: 4, features: ["flow", "temp"], stepMs: 60_000, isResampled: false };
const query = (feature: string) => ({ feature, promql: `${feature}_total` });

test("queries are in the order of the model's features, one for each", () => {
  const [flow, temp, rest] = ["flow", "temp", "rest"].map(query);
  assert.deepEqual(inModelOrder("pump", PUMP, [temp!, flow!]), [flow, temp]);
  for (const queries of [[flow!], [flow!, rest!], [flow!, temp!, rest!], []]) {
    assert.throws(
      () => inModelOrder("pump", PUMP, queries),
      (error) =>
        error instanceof InputError && /it has flow, temp; there are queries for/.test(error.message),
    );
  }
});

test("the step is that of the training data; another one is said, and one is needed", () => {
  assert.deepEqual(stepOf("pump", PUMP, undefined), { stepMs: 60_000, note: undefined });
  assert.deepEqual(stepOf("pump", PUMP, 30_000), {
    stepMs: 30_000,
    note: "The model was trained on rows every 60 s, not 30 s.",
  });
  assert.deepEqual(stepOf("pump", { ...PUMP, stepMs: undefined }, 30_000), {
    stepMs: 30_000,
    note: undefined,
  });
  for (const stepMs of [undefined, 0.5, 0]) {
    assert.throws(() => stepOf("pump", { ...PUMP, stepMs }, undefined), /name it with --step/);
  }
});

test("a model that resamples is not watched", () => {
  assert.throws(() => stepOf("pump", { ...PUMP, isResampled: true }, 30_000), /train it without --resample/);
});
