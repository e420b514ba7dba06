/** Scorers that learn a vector or a matrix: not offered to users, but ways in which a scorer can be written. */
import { errorOf } from "../../../src/scoring/residuals.js";
import type { Scorer, ScoringShape } from "../../../src/scoring/scorers/scorer.js";

const finite = (parameters: Float64Array): string | undefined =>
  parameters.every((x) => x > 0) ? undefined : "a scale is not positive";

/** The mean of a head's row errors, as far as there are any. */
function headMean(errors: Float64Array, from: number, steps: number): number {
  const own = errors.subarray(from, from + steps).filter((error) => !Number.isNaN(error));
  return own.reduce((a, b) => a + b, 0) / own.length;
}

/** The geometric mean of the heads' errors, each in units of its own mean on normal windows: a number a head. */
export const geometricMean: Scorer = {
  name: "geometric-mean",
  id: 1001,
  error: "loss",
  readsResiduals: false,
  parameters: {
    count: ({ heads }) => heads.length,
    fit: ({ heads }) => {
      const sums = new Float64Array(heads.length);
      let windows = 0;
      return {
        add: ({ headErrors, index }) => {
          windows++;
          heads.forEach(({ steps }, h) => {
            sums[h]! += headMean(headErrors[h]!, index * steps, steps);
          });
        },
        finish: () => sums.map((sum) => sum / windows),
      };
    },
    check: finite,
  },
  create: ({ heads, features, error: kind }, scales) => {
    const ratios = (window: Parameters<ReturnType<Scorer["create"]>["score"]>[0]): number[] =>
      heads.map(({ steps }, h) => headMean(window.headErrors[h]!, window.index * steps, steps) / scales[h]!);
    const scoreOf = (all: readonly number[]): number => {
      const own = all.filter((ratio) => !Number.isNaN(ratio));
      return own.length === 0 ? Number.NaN : own.reduce((a, b) => a * b, 1) ** (1 / own.length);
    };
    return {
      score: (window) => scoreOf(ratios(window)),
      decompose: (window, contributions) => {
        const all = ratios(window);
        const there = all.filter((ratio) => !Number.isNaN(ratio)).length;
        // A factor r of a product to the power of 1 / n has a share of 1 / n, divided as r's sum is.
        heads.forEach(({ start, steps }, h) => {
          if (Number.isNaN(all[h]!)) return;
          const errors = window.residuals[h]!.map((r) => (Number.isNaN(r) ? 0 : errorOf(r, kind)));
          const rows = Array.from({ length: steps }, (_, step) => {
            const row = window.residuals[h]!.subarray(step * features, (step + 1) * features);
            return row.filter((r) => !Number.isNaN(r)).length;
          });
          const weighted = errors.map((error, i) => error / Math.max(1, rows[Math.floor(i / features)]!));
          const total = weighted.reduce((a, b) => a + b, 0);
          if (total === 0) return;
          weighted.forEach((part, i) => {
            contributions[start * features + i]! += (scoreOf(all) / there) * (part / total);
          });
        });
      },
    };
  },
};

/** The mean of the two features with the largest mean square residual in units of their own: a number a feature. */
export const topFeatures: Scorer = {
  name: "top-features",
  id: 1002,
  error: "squared",
  readsResiduals: true,
  parameters: {
    count: ({ features }) => features,
    fit: (shape) => {
      const sums = new Float64Array(shape.features);
      let windows = 0;
      return {
        add: ({ residuals }) => {
          windows++;
          meanSquares(residuals, shape).forEach((square, f) => {
            sums[f]! += square;
          });
        },
        finish: () => sums.map((sum) => sum / windows),
      };
    },
    check: finite,
  },
  create: (shape, scales) => {
    const { features, heads } = shape;
    const top = (residuals: readonly Float64Array[]): [feature: number, square: number][] =>
      [...meanSquares(residuals, shape)]
        .map((square, f): [number, number] => [f, square / scales[f]!])
        .filter(([, square]) => !Number.isNaN(square))
        .sort((a, b) => b[1] - a[1])
        .slice(0, 2);
    return {
      score: ({ residuals }) => {
        const own = top(residuals);
        return own.reduce((sum, [, square]) => sum + square, 0) / own.length;
      },
      decompose: ({ residuals }, contributions) => {
        const own = top(residuals);
        for (const [f] of own) {
          const readings = heads.reduce((n, _, h) => n + readingsOf(residuals[h]!, f, features), 0);
          heads.forEach(({ start }, h) => {
            residuals[h]!.forEach((r, i) => {
              if (i % features !== f || Number.isNaN(r)) return;
              contributions[start * features + i]! += (r * r) / (readings * scales[f]! * own.length);
            });
          });
        }
      },
    };
  },
};

function readingsOf(residuals: Float64Array, feature: number, features: number): number {
  return residuals.filter((r, i) => i % features === feature && !Number.isNaN(r)).length;
}

/** [F], over heads and timesteps; NaN for a feature without a reading. */
function meanSquares(residuals: readonly Float64Array[], { features }: ScoringShape): Float64Array {
  const sums = new Float64Array(features);
  const readings = new Float64Array(features);
  for (const head of residuals) {
    head.forEach((r, i) => {
      if (Number.isNaN(r)) return;
      sums[i % features]! += r * r;
      readings[i % features]!++;
    });
  }
  return sums.map((sum, f) => sum / readings[f]!);
}

/**
 * The mean over the rows of the first head of r' P r, where P is the inverse of the normal residuals' second moments
 * with 1 added to the diagonal: a matrix.
 */
export const mahalanobis: Scorer = {
  name: "quadratic-form",
  id: 1003,
  error: "squared",
  readsResiduals: true,
  parameters: {
    count: ({ features }) => features * features,
    fit: ({ features }) => {
      const moments = new Float64Array(features * features);
      let rows = 0;
      return {
        add: ({ residuals }) => {
          for (let at = 0; at < residuals[0]!.length; at += features) {
            rows++;
            const row = residuals[0]!.subarray(at, at + features);
            for (let i = 0; i < moments.length; i++) {
              moments[i]! += row[Math.floor(i / features)]! * row[i % features]!;
            }
          }
        },
        finish: () => {
          const shrunk = moments.map((sum, i) => sum / rows + (i % (features + 1) === 0 ? 1 : 0));
          return invert(shrunk, features);
        },
      };
    },
    check: (matrix) => (matrix[0]! > 0 ? undefined : "the matrix is not positive definite"),
  },
  create: ({ features, heads }, matrix) => {
    const visit = (residuals: Float64Array, take: (at: number, value: number) => void): number => {
      let rows = 0;
      for (let at = 0; at < residuals.length; at += features) {
        const row = residuals.subarray(at, at + features).map((r) => (Number.isNaN(r) ? 0 : r));
        if (residuals.subarray(at, at + features).every(Number.isNaN)) continue;
        rows++;
        for (let i = 0; i < features; i++) {
          let product = 0;
          for (let j = 0; j < features; j++) product += matrix[i * features + j]! * row[j]!;
          take(at + i, row[i]! * product);
        }
      }
      return rows;
    };
    return {
      // Where only another head has a reading, the mean of errors stands in.
      score: ({ residuals, meanError }) => {
        let sum = 0;
        const rows = visit(residuals[0]!, (_, value) => {
          sum += value;
        });
        return rows === 0 ? meanError : Math.max(0, sum / rows);
      },
      decompose: ({ residuals }, contributions) => {
        const rows = visit(residuals[0]!, () => {});
        const from = heads[0]!.start * features;
        visit(residuals[0]!, (at, value) => {
          contributions[from + at]! += value / rows;
        });
      },
    };
  },
};

/** Gauss-Jordan, for small matrices that are positive definite. */
function invert(matrix: Float64Array, n: number): Float64Array {
  const a = matrix.slice();
  const inverse = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let p = 0; p < n; p++) {
    const pivot = a[p * n + p]!;
    for (let j = 0; j < n; j++) {
      a[p * n + j]! /= pivot;
      inverse[p * n + j]! /= pivot;
    }
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const factor = a[i * n + p]!;
      for (let j = 0; j < n; j++) {
        a[i * n + j]! -= factor * a[p * n + j]!;
        inverse[i * n + j]! -= factor * inverse[p * n + j]!;
      }
    }
  }
  return inverse;
}
