/** Whether one side of a comparison is slower than the other: the statistics, without the measuring. */
import { Random } from "../../../src/network/random.js";

/** How many pairs are measured at least, and at most. */
export const MIN_PAIRS = 15;
export const MAX_PAIRS = 60;
/** How many are added where the interval is too wide to decide. */
export const MORE_PAIRS = 5;
/** New is called slower where the interval lies wholly below this ratio. */
const LEAST_RATIO = 0.97;
const WIDEST_INTERVAL = 0.06;
const CONFIDENCE = 0.95;
const RESAMPLES = 10_000;

export type Rates = ReadonlyMap<string, number>;

/**
 * - `unchanged`: the interval is narrow, and not wholly below 0.97.
 * - `slower`: it is narrow, and wholly below.
 * - `open`: it is too wide; more pairs may narrow it.
 * - `undecided`: it is too wide after as many pairs as are measured at most.
 */
export type Verdict = "unchanged" | "slower" | "open" | "undecided";

export interface Judgement {
  readonly median: number;
  /** The 95 % bootstrap interval of the median. */
  readonly low: number;
  readonly high: number;
  readonly verdict: Verdict;
}

/**
 * The geometric mean, over the cases, of how many times as fast new is as old: each case counts the same, whatever its
 * unit.
 * @throws Error where the two sides have different cases, or a rate is not a positive number
 */
export function ratioOf(before: Rates, after: Rates): number {
  const logarithms = [...before].map(([name, rate]) => {
    const logarithm = Math.log((after.get(name) ?? Number.NaN) / rate);
    if (!Number.isFinite(logarithm)) throw new Error(`"${name}" has no rate on one of the two sides.`);
    return logarithm;
  });
  if (logarithms.length !== after.size) throw new Error("The two sides have different cases.");
  return Math.exp(logarithms.reduce((sum, each) => sum + each, 0) / logarithms.length);
}

/** Of an even number of values, the mean of the two in the middle; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The percentile bootstrap interval of the median: ratios are drawn with replacement, as many as there are, and the
 * interval holds the middle 95 % of the medians of such samples (Efron 1979, "Bootstrap Methods: Another Look at the
 * Jackknife", Annals of Statistics 7).
 */
export function medianInterval(
  ratios: readonly number[],
  seed: number,
  resamples = RESAMPLES,
): { low: number; high: number } {
  const random = new Random(seed);
  const sample = new Float64Array(ratios.length);
  const medians = Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < sample.length; i++) sample[i] = ratios[random.uint32() % ratios.length]!;
    return median(sample);
  }).sort();
  const outside = (1 - CONFIDENCE) / 2;
  return {
    low: medians[Math.floor(outside * (resamples - 1))]!,
    high: medians[Math.ceil((1 - outside) * (resamples - 1))]!,
  };
}

/** What the ratios of all pairs so far say. */
export function judge(ratios: readonly number[], seed: number): Judgement {
  const { low, high } = medianInterval(ratios, seed);
  return { median: median(ratios), low, high, verdict: verdictOf(low, high, ratios.length) };
}

export function verdictOf(low: number, high: number, pairs: number): Verdict {
  if (pairs >= MIN_PAIRS && high - low <= WIDEST_INTERVAL) return high < LEAST_RATIO ? "slower" : "unchanged";
  return pairs >= MAX_PAIRS ? "undecided" : "open";
}

/** For each pair, whether old is measured first; half of them, or one more or less, in an order by seed. */
export function oldFirst(pairs: number, seed: number): boolean[] {
  const random = new Random(seed);
  const order = Array.from({ length: pairs }, (_, pair) => pair % 2 === 0);
  for (let last = pairs - 1; last > 0; last--) {
    const other = random.uint32() % (last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
