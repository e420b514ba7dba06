/** What the scorers have in common whose score is the mean of the window's timestep errors. */
import { boundError, errorOf } from "../residuals.js";
import type { ScorerContext, WindowScorer } from "./scorer.js";

/**
 * A window's score is the mean over timesteps of the mean error of the timestep's readings, over features and heads.
 * A reading therefore contributes its error / (readings of its timestep * timesteps with a reading).
 */
export function createMeanErrorScorer(context: ScorerContext): WindowScorer {
  const { timesteps, features, heads, error } = context;
  /** [T]: how many residuals each timestep has, and the sum of their errors. */
  const readings = new Int32Array(timesteps);
  const sums = new Float64Array(timesteps);
  return {
    score: ({ meanError }) => meanError,
    decompose: ({ residuals }, contributions) => {
      readings.fill(0);
      sums.fill(0);
      for (const [h, { start, steps }] of heads.entries()) {
        for (let i = 0; i < steps * features; i++) {
          const residual = residuals[h]![i]!;
          if (Number.isNaN(residual)) continue;
          const step = start + Math.floor(i / features);
          const own = errorOf(residual, error);
          readings[step]!++;
          sums[step]! += own;
          contributions[start * features + i]! += own;
        }
      }
      const scored = readings.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
      for (let step = 0; step < timesteps; step++) {
        if (sums[step] === 0) continue;
        // The factor is 1 / readings but for an error that is cut to the largest float32.
        const factor = boundError(sums[step]! / readings[step]!) / sums[step]!;
        for (let i = step * features; i < (step + 1) * features; i++) contributions[i]! *= factor / scored;
      }
    },
  };
}
