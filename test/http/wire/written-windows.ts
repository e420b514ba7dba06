/** Any windows with their scores, for property tests of what writes them. */
import fc from "fast-check";
import { prepareScoring, type ScoringModel } from "../../../src/scoring/scoring-model.js";
import type { ScoredWindows } from "../../../src/serving/score-result.js";

/** Windows, the model they are of, and the parts to write. */
export interface WrittenWindows extends ScoredWindows {
  readonly model: ScoringModel;
  readonly include: ReadonlySet<string>;
}

const double = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0, max: 10, noNaN: true }) },
  { weight: 3, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, 0.1, 3.4028234663852886e38, Number.NaN) },
);
const single = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -20, max: 20 }) },
  { weight: 2, arbitrary: fc.float() },
  { weight: 1, arbitrary: fc.integer({ min: -40, max: 40 }).map((i) => i / 8) },
);
const scale = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 1e-3, max: 1e3, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -30, max: 25 }).map((power) => 10 ** power) },
  { weight: 1, arbitrary: fc.double({ min: 1e-300, max: 1e300, noNaN: true }) },
);
const offset = fc.oneof(
  fc.constant(0),
  fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  fc.double({ min: -1e10, max: 1e10, noNaN: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Windows of any model, with the first of them that is written and the end of those written. */
export const anyWrittenWindows: fc.Arbitrary<{ windows: WrittenWindows; from: number; to: number }> = fc
  .record({
    timesteps: fc.integer({ min: 2, max: 4 }),
    features: fc.integer({ min: 1, max: 3 }),
    count: fc.integer({ min: 1, max: 4 }),
    units: fc.integer({ min: 0, max: 3 }),
  })
  .chain(({ timesteps, features, count, units }) => {
    const heads = [
      { name: "reconstruction", start: 0, steps: timesteps, reversed: true },
      { name: "prediction", start: 1, steps: timesteps - 1, reversed: false },
    ];
    const list = (element: fc.Arbitrary<number>, length: number) =>
      fc.array(element, { minLength: length, maxLength: length });
    const doubles = (length: number) => list(double, length).map((all) => Float64Array.from(all));
    const singles = (length: number) => list(single, length).map((all) => Float32Array.from(all));
    return fc.record({
      windows: fc.record({
        model: fc
          .record({
            timesteps: fc.constant(timesteps),
            features: fc.constant(features),
            heads: fc.constant(heads),
            scaler: fc.record({
              kind: fc.constant("standard" as const),
              offset: list(offset, features),
              scale: list(scale, features),
            }),
            clip: fc.constant(20),
            minCoverage: fc.constant(0.5),
          })
          .map((description) => prepareScoring(description)),
        include: fc
          .subarray([
            "reconstruction",
            "prediction",
            "timestepError",
            "featureError",
            "headError",
            "embedding",
          ])
          .map((names) => new Set(names)),
        outputs: fc.record({
          heads: fc.tuple(...heads.map(({ steps }) => singles(count * steps * features))),
          embedding: singles(count * units),
        }),
        scores: fc.record({
          count: fc.constant(count),
          score: doubles(count),
          timestepError: doubles(count * timesteps),
          featureError: doubles(count * features),
          headErrors: fc.tuple(...heads.map(({ steps }) => doubles(count * steps))),
          saturated: list(fc.constantFrom(0, 1), count).map((all) => Uint8Array.from(all)),
          coverage: doubles(count).map((all) => all.map((x) => (Number.isFinite(x) ? Math.abs(x) % 1 : 1))),
        }),
        pValue: doubles(count),
        anomalous: list(fc.constantFrom(-1, 0, 1), count).map((all) => Int8Array.from(all)),
      }),
      from: fc.nat(count - 1),
      to: fc.constant(count),
    });
  });
