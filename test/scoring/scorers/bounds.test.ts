/** The bounds of every scorer: at them, and nowhere nearer to the reconstruction, its score reaches the threshold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorOf, errorOfLoss } from "../../../src/scoring/residuals.js";
import { SCORERS } from "../../../src/scoring/scorers/scorers.js";
import { contextOf } from "../../../src/scoring/scoring-model.js";

const finite = fc.double({ min: -30, max: 30, noNaN: true });

for (const scorer of SCORERS) {
  for (const loss of ["mse", "mae"] as const) {
    test(`${scorer.name} of a model trained on ${loss}`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 5 }),
          finite,
          finite,
          fc.double({ min: 0.01, max: 100, noNaN: true }),
          fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2, maxLength: 2 }),
          (features, reconstruction, linear, threshold, sizes) => {
            const rows = { start: 0, steps: 1, reversed: false };
            const heads = ["reconstruction", "linear"].map((name) => ({ name, ...rows }));
            const context = contextOf(scorer, {
              timesteps: 1,
              features,
              heads,
              loss,
              error: errorOfLoss(loss),
            } as Parameters<typeof contextOf>[1]);
            const own = scorer.create(
              context,
              scorer.parameters === undefined ? new Float64Array(0) : Float64Array.from(sizes),
            );
            /** The score of a timestep in which this reading alone has a residual. */
            const scoreAt = (reading: number): number => {
              const errors = [reconstruction, linear].map(
                (output) => errorOf(reading - output, context.error) / features,
              );
              return own.score({
                index: 0,
                meanError: errors[0]!,
                timestepError: Float64Array.of(errors[0]!),
                headErrors: errors.map((error) => Float64Array.of(error)),
                residuals: [],
              });
            };
            const bounds = { lower: Number.NaN, upper: Number.NaN };
            own.bounds!({ reconstruction, linear }, threshold, bounds);
            assert.ok(bounds.lower <= reconstruction && reconstruction <= bounds.upper);
            for (const bound of [bounds.lower, bounds.upper]) {
              const slack = 1e-6 * (threshold + scoreAt(bound + 1e-9) + 1);
              assert.ok(Math.abs(scoreAt(bound) - threshold) <= slack, `${scoreAt(bound)} at ${bound}`);
              for (const share of [0, 0.3, 0.9, 0.999]) {
                const inside = reconstruction + share * (bound - reconstruction);
                assert.ok(scoreAt(inside) <= threshold + slack, `${scoreAt(inside)} inside at ${inside}`);
              }
            }
          },
        ),
        { numRuns: 500 },
      );
    });
  }
}
