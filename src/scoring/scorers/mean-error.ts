/** What the scorers have in common whose score is the mean of the window's timestep errors. */
import { boundError, errorOf, LINEAR_HEAD } from "../residuals.js";
import type { ScorerContext, WindowScorer } from "./scorer.js";

/**
 * A window's score is the mean over timesteps of the mean error of the timestep's readings, over features and heads but
 * a linear one.
 */
export function createMeanErrorScorer(context: ScorerContext): WindowScorer {
  const counted = context.heads.flatMap(({ name }, h) => (name === LINEAR_HEAD ? [] : [h]));
  const decompose = createMeanErrorDecomposition(context, counted);
  return {
    score: ({ meanError }) => meanError,
    decompose: ({ residuals }, contributions) => decompose(residuals, contributions),
    // The error of the timestep is the one of this reading, over F.
    bounds: ({ reconstruction }, threshold, bounds) => {
      const error = threshold * context.features;
      const residual = context.error === "squared" ? Math.sqrt(error) : error;
      bounds.lower = reconstruction - residual;
      bounds.upper = reconstruction + residual;
    },
  };
}

/**
 * Splits a window's mean error into what each reading adds to it: the reading's error / (residuals of its timestep *
 * timesteps with a reading).
 *
 * @param counted the indices of the heads whose residuals count.
 * @returns a function of the residuals by head, [steps, F] each, and of the contributions, [T, F], all 0.
 */
export function createMeanErrorDecomposition(
  { timesteps, features, heads, error }: ScorerContext,
  counted: readonly number[],
): (residuals: readonly Float64Array[], contributions: Float64Array) => void {
  /** [T]: how many residuals each timestep has, and the sum of their errors. */
  const readings = new Int32Array(timesteps);
  const sums = new Float64Array(timesteps);
  return (residuals, contributions) => {
    readings.fill(0);
    sums.fill(0);
    for (const h of counted) {
      const { start, steps } = heads[h]!;
      const own = residuals[h]!;
      for (let step = 0; step < steps; step++) {
        let sum = 0;
        let count = 0;
        for (let i = step * features, to = start * features; i < (step + 1) * features; i++) {
          const residual = own[i]!;
          if (Number.isNaN(residual)) continue;
          const part = errorOf(residual, error);
          count++;
          sum += part;
          contributions[to + i]! += part;
        }
        readings[start + step]! += count;
        sums[start + step]! += sum;
      }
    }
    let scored = 0;
    for (let step = 0; step < timesteps; step++) if (readings[step]! > 0) scored++;
    for (let step = 0; step < timesteps; step++) {
      if (sums[step] === 0) continue;
      // The factor is 1 / readings but for an error that is cut to the largest float32.
      const factor = boundError(sums[step]! / readings[step]!) / sums[step]!;
      for (let i = step * features; i < (step + 1) * features; i++) contributions[i]! *= factor / scored;
    }
  };
}
