/** Scoring is open to scorers that learn: the laws hold for three that are in no list. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../../src/errors.js";
import { decodeFittedScorers, encodeFittedScorers } from "../../../src/scoring/scorer-file.js";
import { ScorerFitting } from "../../../src/scoring/scorer-fitting.js";
import type { ScorerName } from "../../../src/scoring/scorers/scorers.js";
import { prepareScoring } from "../../../src/scoring/scoring-model.js";
import { prepareWindows } from "../../../src/scoring/window-scoring.js";
import { geometricMean, mahalanobis, topFeatures } from "./fitted-scorers.js";
import { fitTo, testScorer } from "./scorer-laws.js";

const scorers = [geometricMean, topFeatures, mahalanobis];
for (const scorer of scorers) testScorer(scorer);

const description = {
  timesteps: 3,
  features: 2,
  heads: [{ name: "reconstruction", start: 0, steps: 3, reversed: false }],
  scaler: { kind: "none" as const, offset: [0, 0], scale: [1, 1] },
  clip: 20,
  minCoverage: 0.5,
};
const model = prepareScoring(description);
const fittedAs = (name: string, parameters: readonly number[]) =>
  new Map([[name as ScorerName, Float64Array.from(parameters)]]);

test("a scorer without its parameters cannot be used, and one with wrong ones is refused", () => {
  const bare = prepareScoring(description, scorers);
  assert.equal(bare.has("top-features" as ScorerName), false);
  assert.throws(() => bare.scorer("top-features" as ScorerName), /top-features is not fitted for this model/);
  const prepare = (...parameters: number[]) =>
    prepareScoring({ ...description, fitted: fittedAs("top-features", parameters) }, scorers);
  assert.ok(prepare(1, 2).has("top-features" as ScorerName));
  assert.throws(() => prepare(1), /^InputError: .*top-features has 1 parameters; this model needs 2/);
  assert.throws(() => prepare(1, 0), /^InputError: .*top-features are wrong: a scale is not positive/);
});

test("every scorer that learns sees each window; one that is saturated or empty teaches nothing", () => {
  const fitting = new ScorerFitting(model, scorers);
  assert.equal(fitting.isEmpty, false);
  const nan = Number.NaN;
  const readings = Float64Array.from([0, 0, 0, 0, 0, 0, nan, nan, nan, nan, nan, nan, 9, 9, 9, 9, 9, 9]);
  const heads = [Float32Array.from([1, 2, 1, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, nan, 0, 0, 0])];
  fitting.add(prepareWindows(model, readings, 3), { heads, embedding: new Float32Array(0) });
  const fitted = fitting.finish();
  assert.deepEqual([...fitted.get("top-features" as ScorerName)!], [1, 4]);
  assert.deepEqual([...fitted.get("geometric-mean" as ScorerName)!], [2.5]);
  assert.ok(new ScorerFitting(model).finish() instanceof Map);
  assert.throws(
    () => new ScorerFitting(model, scorers).finish(),
    /^InputError: .*learns a number that is not finite/,
  );
});

test("scorers.bin is laid out as docs/bundle-format.md says", () => {
  const bytes = encodeFittedScorers(fittedAs("top-features", [1, -2.5]), scorers);
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    ["52534450", "01000000", "01000000", "ea030000", "02000000", "000000000000f03f", "00000000000004c0"].join(
      "",
    ),
  );
});

test("a damaged scorers.bin is refused with a sentence", () => {
  const good = encodeFittedScorers(fitTo(model, topFeatures), scorers);
  const decode = (change: (bytes: Uint8Array, view: DataView) => Uint8Array | undefined) => () => {
    const bytes = good.slice();
    decodeFittedScorers(change(bytes, new DataView(bytes.buffer)) ?? bytes, scorers);
  };
  const set = (at: number, value: number) => (_: Uint8Array, view: DataView) => {
    view.setUint32(at, value, true);
    return undefined;
  };
  for (const [change, sentence] of [
    [set(0, 1), /does not begin with RSDP/],
    [set(4, 2), /has version 2, not 1/],
    [set(8, 2), /ends after 36 bytes, inside a scorer/],
    [set(12, 77), /unknown or repeated scorer 77/],
    [set(16, 2 ** 31), /ends after 36 bytes, inside a scorer/],
    [set(24, 0x7ff00000), /top-features that is not finite/],
    [(bytes: Uint8Array) => bytes.subarray(0, 7), /ends after 7 bytes/],
    [(bytes: Uint8Array) => Uint8Array.of(...bytes, 0), /has 1 bytes too many/],
  ] as const) {
    assert.throws(decode(change), (error) => error instanceof InputError && sentence.test(error.message));
  }
});
