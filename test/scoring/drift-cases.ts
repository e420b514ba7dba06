/** Stationary series, and their p-values by the plainest model. */
import type { Random } from "../../src/network/random.js";
import { DriftCounter } from "../../src/scoring/drift.js";
import { type DriftReference, describeNormal } from "../../src/scoring/drift-reference.js";
import { compressSample, pValue } from "../../src/scoring/thresholds.js";

export const T = 32;

/** Each has mean 0 and variance 1. */
export const PROCESSES: Record<string, (random: Random, rows: number) => Float64Array> = {
  "white noise": (random, rows) => new Float64Array(rows).map(() => random.normal()),
  "AR(1) .9": (random, rows) => {
    let x = random.normal();
    return new Float64Array(rows).map(() => {
      x = 0.9 * x + Math.sqrt(1 - 0.81) * random.normal();
      return x;
    });
  },
  seasonal: (random, rows) => {
    const phase = 288 * random.uniform();
    return new Float64Array(rows).map(
      (_, row) => Math.sin((2 * Math.PI * (row + phase)) / 288) + Math.SQRT1_2 * random.normal(),
    );
  },
};

/** The mean over the T windows that cover a row of the mean square of each: scores of the plainest model. */
export function scoresOf(series: Float64Array, timesteps = T): Float64Array {
  const mean = (values: Float64Array) => {
    let sum = values.subarray(0, timesteps - 1).reduce((a, b) => a + b, 0);
    return Float64Array.from({ length: values.length - timesteps + 1 }, (_, i) => {
      sum += values[i + timesteps - 1]!;
      const own = sum / timesteps;
      sum -= values[i]!;
      return own;
    });
  };
  return mean(mean(series.map((x) => x * x)));
}

export function calibrate(series: Float64Array): {
  reference: DriftReference;
  pValues: (x: Float64Array) => Float64Array;
} {
  const scores = scoresOf(series);
  const sample = compressSample(scores, 1);
  const pValues = (x: Float64Array) => scoresOf(x).map((score) => pValue(sample, score));
  return { reference: describeNormal([pValues(series)], T)!, pValues };
}

export function driftOf(pValues: Float64Array, reference: DriftReference) {
  const counter = new DriftCounter(reference.blockRows);
  for (const p of pValues) counter.push(p);
  return counter.drift(reference);
}
