/**
 * The geometric mean of two errors of a window, each over its own normal size: of what the linear path alone makes of
 * the window, and of the reconstruction.
 *
 *   score = sqrt(linear error / q(linear) * reconstruction error / q(reconstruction))
 *
 * q is the 0.99 quantile of the error of normal windows, so that about 1 is the size of a rare normal score. The linear
 * path follows a normal level that moves, and the reconstruction sees what is not linear; either alone misses
 * anomalies that both together find.
 */
import { InputError } from "../../errors.js";
import { LINEAR_HEAD, meanError, type ScoredHead } from "../residuals.js";
import { createMeanErrorDecomposition } from "./mean-error.js";
import type { Bounds, ScoredWindow, Scorer } from "./scorer.js";

const QUANTILE = 0.99;
/**
 * A normal error is taken to be at least this large: below it are the rounding errors of float32, of which a window
 * that is reproduced perfectly would get any score.
 */
const LEAST_ERROR = 1e-12;

export const combinedScorer = {
  name: "combined",
  id: 2,
  error: "loss",
  needsHead: LINEAR_HEAD,
  readsResiduals: false,
  parameters: {
    count: () => 2,
    fit: ({ heads }) => {
      const linear = findLinear(heads);
      const errors: { linear: number[]; main: number[] } = { linear: [], main: [] };
      return {
        add: (window) => {
          errors.linear.push(meanHeadError(window, linear));
          errors.main.push(window.meanError);
        },
        finish: () => {
          if (errors.main.length === 0) {
            throw new InputError("There is no normal window with a reading to fit the scorer combined to.");
          }
          return Float64Array.of(normalSize(errors.linear), normalSize(errors.main));
        },
      };
    },
    check: (sizes) => (sizes.every((size) => size > 0) ? undefined : "a normal error is not above 0"),
  },
  create: (context, sizes) => {
    const { heads, timesteps, features, error } = context;
    const linear = findLinear(heads);
    const ofLinear = createMeanErrorDecomposition(context, [linear.index]);
    const ofMain = createMeanErrorDecomposition(
      context,
      heads.flatMap((_, h) => (h === linear.index ? [] : [h])),
    );
    const own = new Float64Array(timesteps * features);
    // Square roots first: the product of two large errors does not fit in a float64 where that of their roots does.
    const score = (window: ScoredWindow): number =>
      Math.sqrt(meanHeadError(window, linear) / sizes[0]!) * Math.sqrt(window.meanError / sizes[1]!);
    return {
      score,
      // In the logarithm both errors have the same weight, so that each one's shares make up half of the score.
      decompose: (window, contributions) => {
        const half = score(window) / 2;
        if (half === 0) return;
        for (const decompose of [ofLinear, ofMain]) {
          own.fill(0);
          decompose(window.residuals, own);
          let total = 0;
          for (let i = 0; i < own.length; i++) total += own[i]!;
          for (let i = 0; i < own.length; i++) contributions[i]! += (own[i]! / total) * half;
        }
      },
      bounds: ({ reconstruction, linear }, threshold, bounds) => {
        // The score is the root of the product of both errors over this.
        const unit = features * Math.sqrt(sizes[0]!) * Math.sqrt(sizes[1]!);
        const product = threshold * unit;
        boundsOfProduct(reconstruction, linear, error === "squared" ? product : product ** 2, bounds);
      },
    };
  },
} as const satisfies Scorer;

/**
 * The readings x nearest to a on both sides with |x - a| |x - b| = product. Away from b that is y² + dy = product for the
 * distance y from a, where d is that from a to b; towards b it is dy - y² = product up to d² / 4, and beyond b for more.
 */
function boundsOfProduct(a: number, b: number, product: number, bounds: Bounds): void {
  const half = Math.abs(a - b) / 2;
  // The smaller root, written so that it does not cancel out.
  const away = product === 0 ? 0 : product / (half + Math.hypot(half, Math.sqrt(product)));
  const rest = half * half - product;
  const towards = rest < 0 ? 2 * half + away : product === 0 ? 0 : product / (half + Math.sqrt(rest));
  bounds.lower = a - (a <= b ? away : towards);
  bounds.upper = a + (a <= b ? towards : away);
}

interface LinearHead {
  readonly index: number;
  readonly steps: number;
}

function findLinear(heads: readonly ScoredHead[]): LinearHead {
  const index = heads.findIndex(({ name }) => name === LINEAR_HEAD);
  return { index, steps: heads[index]!.steps };
}

function meanHeadError({ headErrors, index: window }: ScoredWindow, { index, steps }: LinearHead): number {
  return meanError(headErrors[index]!, window, steps);
}

function normalSize(errors: readonly number[]): number {
  const sorted = Float64Array.from(errors).sort();
  return Math.max(sorted[Math.ceil(QUANTILE * sorted.length) - 1]!, LEAST_ERROR);
}
