/**
 * Whether the normal level has moved since calibration, from conformal p-values: while it has not, they are uniform.
 *
 * Neighbouring p-values depend on each other, so they are counted in blocks of T timesteps, each with its mean. The last
 * 8, 16, 32 ... blocks, and all, are compared with the blocks of the calibration rows:
 *
 *   t = (mean of the last blocks - mean of calibration) / (s * sqrt(f * (1 / last blocks + 1 / calibration blocks)))
 *
 * - f = (1 + r) / (1 - r), for the correlation r from one calibration block to the next, is how much dependent blocks
 *   widen the variance of a mean (AR(1): Bartlett 1946).
 * - The second term under the root is what the calibration itself is unsure of: it is finite.
 * - t is held against Student's distribution with calibration blocks / f - 1 degrees of freedom, where s is the standard
 *   deviation of calibration blocks; and against the normal one, where s is sqrt(1 / 12), above which no mean of uniform
 *   variables deviates. Both are on the safe side; the smaller p-value counts.
 * - The three blocks that deviate most are left out: an anomaly of a few rows is no drift.
 *
 * Few calibration blocks say little about their own spread, so that t stays small however far the level has moved. The
 * precedence test (Nelson 1963, "Tables for a precedence life test", Technometrics 5) needs no spread: it counts the last
 * blocks whose mean is below that of every calibration block. Of m calibration blocks and n last ones, the w lowest are all
 * last ones with probability C(m + n - w, m) / C(m + n, m). There m, n and w are numbers of independent blocks: blocks over
 * 1 + 2 r, by which dependence on the nearest blocks alone, as overlapping windows make it, widens the variance of a mean.
 * The smaller p-value of both tests counts.
 * - The smallest p-value over all lengths is multiplied by their number (Bonferroni), and by 1 / .8 for p-values below
 *   those of calibration, 1 / .2 for those above, which only say that scores are unusually small.
 *
 * The change point is that with the largest sum^2 / blocks after it, the likelihood ratio for a known level before it
 * (Page 1955; Hinkley 1970, "Inference about the change-point in a sequence of random variables").
 */
import type { DriftEntry, DriftReference } from "./drift-reference.js";

export interface Drift {
  /** The level has moved, and is still moved at the end. */
  readonly moved: boolean;
  /** The row of the stream that the first block after the estimated change begins with; null where nothing moved. */
  readonly since: number | null;
  /** Of the test that nothing moved. */
  readonly pValue: number;
  /** Of the rows since then (all, where nothing moved) that have a p-value, the share with one of at most 0.05. */
  readonly share: number;
}

/**
 * `moved` where the p-value is at most this. Both tests err on the safe side: simulated, up to 3 % of stationary series have
 * such a p-value (white noise, AR(1) .9, seasonal; 6 to 90 calibration blocks of 16 to 64 rows), and up to 8 % of those whose
 * level wanders for longer than a block (AR(1) .99).
 */
export const DRIFT_LEVEL = 0.05;
/** With fewer blocks nothing is said. */
export const FEWEST_BLOCKS = 20;
/** The shortest suffix compared, in blocks; each is longer than the one before it by this factor. */
const SHORTEST_SUFFIX = 8;
const SUFFIX_GROWTH = 2;
const BLOCKS_TRIMMED = 3;
/** How much of the level is spent on p-values above those of calibration, and how much on those below, which matter more. */
const SHARE_OF_SIDE = { 1: 0.2, [-1]: 0.8 };
/**
 * The correlation of neighbouring blocks of independent readings: windows overlap, and the covariance of means over T rows
 * of scores that are means over T windows of T rows is a B-spline of order 6, at T 26/66 of what it is at 0. For the
 * precedence test, what was found on few blocks is drawn towards it, as if this many blocks had it.
 */
const OVERLAP_CORRELATION = 26 / 66;
const OVERLAP_BLOCKS = 20;
/** That of a uniform variable: no mean of such variables deviates more. */
const LARGEST_DEVIATION = Math.sqrt(1 / 12);

/**
 * @param entries in order of time.
 * @returns null under 20 blocks.
 */
export function testDrift(entries: readonly DriftEntry[], reference: DriftReference): Drift | null {
  const blocks = entries.reduce((sum, entry) => sum + entry.blocks, 0);
  if (blocks < FEWEST_BLOCKS) return null;
  const suffixes = chooseSuffixes(entries);
  let pValue = 1;
  let direction: 1 | -1 = 1;
  for (const from of suffixes) {
    for (const side of [1, -1] as const) {
      const tests = suffixes.length / SHARE_OF_SIDE[side];
      const suffix = entries.slice(from);
      const tail = Math.min(tailOf(suffix, reference, side), precedenceOf(suffix, reference, side));
      const own = Math.min(1, tests * tail);
      if (own >= pValue) continue;
      pValue = own;
      direction = side;
    }
  }
  const moved = pValue <= DRIFT_LEVEL;
  const from = moved ? changePoint(entries, reference, direction) : 0;
  const since = entries.slice(from);
  const rows = since.reduce((sum, entry) => sum + entry.blocks, 0) * reference.blockRows;
  return {
    moved,
    since: moved ? entries[from]!.row : null,
    pValue,
    share: since.reduce((sum, entry) => sum + entry.small, 0) / rows,
  };
}

/** The first entries of the suffixes to compare, the shortest suffix first. */
function chooseSuffixes(entries: readonly DriftEntry[]): number[] {
  const chosen: number[] = [];
  let blocks = 0;
  let wanted = SHORTEST_SUFFIX;
  for (let from = entries.length - 1; from >= 0; from--) {
    blocks += entries[from]!.blocks;
    if (blocks < wanted && from > 0) continue;
    chosen.push(from);
    wanted = blocks * SUFFIX_GROWTH;
  }
  return chosen;
}

/** How likely t is to be as far out on one side: 1 for means above that of calibration, -1 for those below. */
function tailOf(entries: readonly DriftEntry[], reference: DriftReference, side: 1 | -1): number {
  const { deviation, correlation } = reference;
  let blocks = 0;
  let sum = 0;
  const deviations = entries.map((entry) => {
    const own = side * (entry.sum / entry.blocks - reference.mean);
    blocks += entry.blocks;
    sum += own * entry.blocks;
    return { own, blocks: entry.blocks };
  });
  deviations.sort((a, b) => b.own - a.own);
  let trimmed = BLOCKS_TRIMMED;
  for (const entry of deviations) {
    const count = Math.min(trimmed, entry.blocks);
    sum -= count * entry.own;
    trimmed -= count;
  }
  blocks -= BLOCKS_TRIMMED;
  if (sum <= 0) return 1;
  const away = sum / blocks;
  const share = 1 / blocks + 1 / reference.blocks;
  const estimated = deviation * Math.sqrt(inflationOf(correlation) * share);
  const freedom = Math.max(1, reference.blocks / inflationOf(correlation) - 1);
  const byEstimate = estimated > 0 ? studentTail(away / estimated, freedom) : 1;
  const largest = LARGEST_DEVIATION * Math.sqrt(inflationOf(correlation) * share);
  return Math.min(byEstimate, normalTail(away / largest));
}

/** How likely so many blocks are below, or above, all those of calibration. */
function precedenceOf(entries: readonly DriftEntry[], reference: DriftReference, side: 1 | -1): number {
  const { range, blocks, correlation } = reference;
  if (range === undefined) return 1;
  const drawn = (blocks * correlation + OVERLAP_BLOCKS * OVERLAP_CORRELATION) / (blocks + OVERLAP_BLOCKS);
  const inflation = 1 + 2 * drawn;
  let all = 0;
  let out = 0;
  for (const { blocks: own, sum } of entries) {
    all += own;
    if (side < 0 ? sum / own < range[0] : sum / own > range[1]) out += own;
  }
  return precedenceTail(blocks / inflation, all / inflation, out / inflation);
}

/** P(at least the w lowest of m + n are among the n), of which none need be whole; w is rounded down. */
export function precedenceTail(m: number, n: number, w: number): number {
  let tail = 1;
  for (let i = 0; i < Math.floor(w) && tail > 1e-12; i++) tail *= (n - i) / (m + n - i);
  return tail;
}

/** How much larger the variance of a mean is than that of as many independent values, in an AR(1) process. */
function inflationOf(correlation: number): number {
  return (1 + correlation) / (1 - correlation);
}

/** The first entry after the change. */
function changePoint(entries: readonly DriftEntry[], { mean }: DriftReference, side: 1 | -1): number {
  let blocks = 0;
  let sum = 0;
  let best = 0;
  let most = -1;
  for (let from = entries.length - 1; from >= 0; from--) {
    blocks += entries[from]!.blocks;
    sum += side * (entries[from]!.sum - entries[from]!.blocks * mean);
    if (blocks < SHORTEST_SUFFIX || sum <= 0 || sum ** 2 / blocks <= most) continue;
    most = sum ** 2 / blocks;
    best = from;
  }
  return best;
}

/**
 * P(T > t) for Student's t, t >= 0, by Wallace's normal deviate (1959, "Bounds on normal approximations to Student's and
 * the chi-square distributions"). On the safe side: 1 % too large at 10 degrees of freedom and 0.005, 5 % at 4, 23 % at 2.
 */
export function studentTail(t: number, freedom: number): number {
  const factor = (8 * freedom + 1) / (8 * freedom + 3);
  return normalTail(factor * Math.sqrt(freedom * Math.log1p((t * t) / freedom)));
}

/** P(Z > z) for z >= 0, right to 1e-7 relatively: Chebyshev's fit of erfc (Press et al. 2007, section 6.2.2). */
export function normalTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 2 / (2 + x);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  let exponent = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) exponent = exponent * t + coefficients[i]!;
  return (t * Math.exp(-x * x + exponent)) / 2;
}
