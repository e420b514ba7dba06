/** Models of one or two heads with windows for them, for tests of any kind of scoring. */
import fc from "fast-check";
import { prepareScoring, type ScoringModel } from "../../src/scoring/scoring-model.js";
import type { NetworkOutputs } from "../../src/scoring/window-scoring.js";

const missing = Number.NaN;
const reading = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -50, max: 50, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);
const readingOrGap = fc.oneof(
  { weight: 7, arbitrary: reading },
  { weight: 2, arbitrary: fc.constant(missing) },
);

export interface Case {
  readonly model: ScoringModel;
  readonly count: number;
  readonly readings: Float64Array;
  readonly outputs: NetworkOutputs;
}

/** Which heads a model has; "linear": a reconstruction with a linear path. */
type Shape = "reconstruction" | "prediction" | "composite" | "linear";

/** A model of one or two heads, its windows, with gaps or without, and what a network may have answered. */
export const cases = (
  gaps: boolean,
  shapes: readonly Shape[] = ["reconstruction", "prediction", "composite", "linear"],
): fc.Arbitrary<Case> =>
  fc
    .record({
      timesteps: fc.integer({ min: 2, max: 6 }),
      features: fc.integer({ min: 1, max: 4 }),
      count: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom("standard", "minmax", "none" as const),
      clip: fc.constantFrom(20, 3, null),
      spans: fc.constantFrom(...shapes),
      reversed: fc.boolean(),
    })
    .chain(({ timesteps, features, count, kind, clip, spans, reversed }) => {
      const vector = (element: fc.Arbitrary<number>) =>
        fc.array(element, { minLength: features, maxLength: features });
      const floats = (length: number) =>
        fc
          .array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: length, maxLength: length })
          .map((values) => Float32Array.from(values));
      const heads = [
        { name: "reconstruction", start: 0, steps: timesteps, reversed },
        { name: "prediction", start: 1, steps: timesteps - 1, reversed: !reversed },
      ].filter(({ name }) => spans === "composite" || spans === name);
      if (spans === "linear") {
        heads.push({ name: "reconstruction", start: 0, steps: timesteps, reversed: false });
        heads.push({ name: "linear", start: 0, steps: timesteps, reversed: false });
      }
      return fc.record({
        model: fc
          .record({
            timesteps: fc.constant(timesteps),
            features: fc.constant(features),
            heads: fc.constant(heads),
            scaler: fc.record({
              kind: fc.constant(kind),
              offset: vector(fc.double({ min: -10, max: 10, noNaN: true })),
              scale: vector(fc.double({ min: 0.1, max: 10, noNaN: true })),
              mean: vector(fc.double({ min: -10, max: 10, noNaN: true })),
            }),
            clip: fc.constant(clip),
            minCoverage: fc.constant(0.5),
            loss: fc.constantFrom("mse", "mae" as const),
          })
          .map((description) => prepareScoring(description)),
        count: fc.constant(count),
        readings: fc
          .array(gaps ? readingOrGap : reading, {
            minLength: count * timesteps * features,
            maxLength: count * timesteps * features,
          })
          .map((values) => Float64Array.from(values)),
        outputs: fc.record({
          heads: fc.tuple(...heads.map((head) => floats(count * head.steps * features))),
          embedding: floats(count * 2),
        }),
      });
    });

export const everyCase = fc.oneof(cases(true), cases(false));

/** Models with a linear path. */
export const linearCases = fc.oneof(cases(true, ["linear"]), cases(false, ["linear"]));
