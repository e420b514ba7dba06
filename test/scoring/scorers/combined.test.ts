import assert from "node:assert/strict";
import { test } from "node:test";
import { contributionsOf } from "../../../src/scoring/contributions.js";
import { ScorerFitting } from "../../../src/scoring/scorer-fitting.js";
import { combinedScorer } from "../../../src/scoring/scorers/combined.js";
import { prepareScoring } from "../../../src/scoring/scoring-model.js";
import { type NetworkOutputs, prepareWindows, scoreWindows } from "../../../src/scoring/window-scoring.js";

const heads = [
  { name: "reconstruction", start: 0, steps: 2, reversed: false },
  { name: "linear", start: 0, steps: 2, reversed: false },
];
const description = {
  timesteps: 2,
  features: 2,
  heads,
  scaler: { kind: "none" as const, offset: [0, 0], scale: [1, 1] },
  clip: 20,
  minCoverage: 0.5,
};
const outputsOf = (reconstruction: number[], linear: number[]): NetworkOutputs => ({
  heads: [Float32Array.from(reconstruction), Float32Array.from(linear)],
  embedding: new Float32Array(0),
});

test("the geometric mean of both errors over their normal sizes, shared half and half", () => {
  const fitted = new Map([["combined" as const, Float64Array.of(8, 2)]]);
  const model = prepareScoring({ ...description, fitted });
  const prepared = prepareWindows(model, Float64Array.from([0, 0, Number.NaN, 0]), 1);
  // Errors by timestep: of the reconstruction (1 + 3^2) / 2 and 1, of the linear path 4^2 / 2 and 8^2.
  const outputs = outputsOf([1, 3, 99, 1], [0, 4, 99, 8]);
  const scores = scoreWindows(model, "combined", prepared, outputs);
  assert.ok(Math.abs(scores.score[0]! - Math.sqrt((36 / 8) * (3 / 2))) < 1e-12);
  assert.deepEqual([...scores.timestepError], [5, 1]);
  assert.deepEqual([...scores.featureError], [1, 5]);
  assert.deepEqual(
    scores.headErrors.map((errors) => [...errors]),
    [
      [5, 1],
      [8, 64],
    ],
  );
  const contributions = contributionsOf(model, "combined", { prepared, outputs, scores }, 0);
  const shares = contributions.map((part) => part / scores.score[0]!);
  // Of the reconstruction's 3: 0.25, 2.25, 0.5. Of the linear path's 36: 0, 4, 32.
  const expected = [0.25 / 3 / 2, 2.25 / 3 / 2 + 4 / 36 / 2, 0, 0.5 / 3 / 2 + 32 / 36 / 2];
  shares.forEach((own, i) => {
    assert.ok(Math.abs(own - expected[i]!) < 1e-12, `${i}`);
  });
});

test("the normal sizes are the 0.99 quantiles of each error, those of several models together", () => {
  const model = prepareScoring(description);
  const fitting = new ScorerFitting(model, [combinedScorer]);
  const numbers = Array.from({ length: 200 }, (_, i) => Math.sqrt(i + 1));
  for (const part of [numbers.slice(0, 120), numbers.slice(120)]) {
    const prepared = prepareWindows(model, new Float64Array(part.length * 4), part.length);
    const outputs = outputsOf(
      part.flatMap((x) => [x, x, x, x]),
      part.flatMap((x) => [2 * x, 2 * x, 2 * x, 2 * x]),
    );
    fitting.add(prepared, outputs, prepareScoring(description));
  }
  const [linear, main] = fitting.finish().get("combined")!;
  assert.ok(Math.abs(linear! - 4 * 198) < 1e-3);
  assert.ok(Math.abs(main! - 198) < 1e-3);
});

test("a model trained on absolute errors combines those", () => {
  const fitted = new Map([["combined" as const, Float64Array.of(1, 1)]]);
  const model = prepareScoring({ ...description, loss: "mae", fitted });
  const prepared = prepareWindows(model, new Float64Array(4), 1);
  const { score } = scoreWindows(model, "combined", prepared, outputsOf([4, 4, 4, 4], [9, 9, 9, 9]));
  assert.equal(score[0], 6);
});

test("what is always reproduced has a smallest size, and a size that is not above 0 is refused", () => {
  const model = prepareScoring(description);
  const fitting = new ScorerFitting(model, [combinedScorer]);
  fitting.add(prepareWindows(model, new Float64Array(4), 1), outputsOf([0, 0, 0, 0], [0, 0, 0, 0]));
  assert.deepEqual([...fitting.finish().get("combined")!], [1e-12, 1e-12]);
  const fitted = new Map([["combined" as const, Float64Array.of(1, 0)]]);
  assert.throws(() => prepareScoring({ ...description, fitted }), /a normal error is not above 0/);
});

test("a model without a linear head does not have it, and needs no parameters for it", () => {
  const plain = { ...description, heads: heads.slice(0, 1) };
  const model = prepareScoring(plain);
  assert.equal(model.has("combined"), false);
  assert.ok(new ScorerFitting(model).isEmpty);
});
