/**
 * When a score is anomalous: conformal p-values over a sample of normal scores that training never saw
 * (Vovk, Gammerman & Shafer 2005, "Algorithmic Learning in a Random World"; Laxhammar & Falkman 2010).
 */
import { InputError, ResiduaError } from "../errors.js";
import { lowerBound } from "./lower-bound.js";
import type { ScorerName } from "./scorers/scorers.js";

/** The most values a sample keeps. */
export const MAX_KEPT = 4096;
/** How many of the largest scores are all kept, in a sample of more than MAX_KEPT scores. */
export const EXACT_TAIL = 2048;

/** Sorted normal scores: all of them, or all of the upper tail and the largest of each group of scores below it. */
export interface CalibrationSample {
  /** How many scores the sample was made from. */
  readonly n: number;
  /** How many of the windows that were scored do not overlap: a rate below 1 / blocks is a guess. */
  readonly blocks: number;
  /** [kept], ascending, finite. */
  readonly values: Float64Array;
  /**
   * [kept]: how many of the n scores are at least this large, groups counted whole; n for the first value, 1 for the
   * last.
   */
  readonly atLeast: Uint32Array;
}

/**
 * Sorts normal scores. Where there are more than MAX_KEPT, the scores below the EXACT_TAIL largest are divided into
 * groups of equal size, and only the largest score of each group is kept. p-values are then exact in the tail; below
 * it they are never too small, and too large by less than one group / (n + 1).
 *
 * @param scores any order; NaN (a window without a score) is left out.
 * @throws InputError where there is no score, or one is not finite.
 */
export function compressSample(scores: Float64Array, blocks: number): CalibrationSample {
  const sorted = scores.filter((score) => !Number.isNaN(score)).sort();
  const n = sorted.length;
  if (n === 0)
    throw new InputError("Calibration is not possible: no window of the calibration rows has a score.");
  if (!Number.isFinite(sorted[0]!) || !Number.isFinite(sorted[n - 1]!)) {
    throw new InputError("A calibration score is not finite.");
  }
  const exact = n <= MAX_KEPT ? n : EXACT_TAIL;
  const groups = n <= MAX_KEPT ? 0 : MAX_KEPT - EXACT_TAIL;
  const values = new Float64Array(groups + exact);
  const atLeast = new Uint32Array(groups + exact);
  const thinned = n - exact;
  for (let group = 0; group < groups; group++) {
    const first = Math.floor((group * thinned) / groups);
    const end = Math.floor(((group + 1) * thinned) / groups);
    values[group] = sorted[end - 1]!;
    atLeast[group] = n - first;
  }
  for (let i = 0; i < exact; i++) {
    values[groups + i] = sorted[thinned + i]!;
    atLeast[groups + i] = exact - i;
  }
  return { n, blocks: Math.min(Math.max(1, blocks), n), values, atLeast };
}

/** The conformal p-value of a score: (1 + calibration scores >= score) / (n + 1); NaN for NaN. */
export function pValue(sample: CalibrationSample, score: number): number {
  if (Number.isNaN(score)) return Number.NaN;
  const { n, values, atLeast } = sample;
  const at = lowerBound(values, score);
  return (1 + (at < values.length ? atLeast[at]! : 0)) / (n + 1);
}

/**
 * The smallest kept score that at least this share of the scores does not exceed.
 *
 * @param share 0 to 1.
 */
export function sampleQuantile({ n, values, atLeast }: CalibrationSample, share: number): number {
  const wanted = Math.ceil(share * n);
  // n - atLeast[i + 1] scores are at most values[i].
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (n - atLeast[middle + 1]! >= wanted) high = middle;
    else low = middle + 1;
  }
  return values[low]!;
}

/** 1 / (n + 1): the p-value of a score above all of the sample, and so the smallest false-alarm rate it supports. */
export function smallestFalseAlarmRate(sample: CalibrationSample): number {
  return 1 / (sample.n + 1);
}

/**
 * The threshold for a false-alarm rate: `pValue(sample, score) <= falseAlarmRate` exactly where score > threshold.
 *
 * @throws ResiduaError UNSUPPORTED_BY_MODEL where the rate is below 1 / (n + 1), which the sample says nothing about;
 *   InputError where it is 1 or more.
 */
export function conformalThreshold(sample: CalibrationSample, falseAlarmRate: number): number {
  const { n, values, atLeast } = sample;
  if (!(falseAlarmRate >= smallestFalseAlarmRate(sample))) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${n} calibration scores are too few for a false-alarm rate of ${falseAlarmRate}; the smallest rate they support is 1/${n + 1} (${roundUp(1 / (n + 1))}).`,
    );
  }
  if (!(falseAlarmRate < 1)) {
    throw new InputError(`A false-alarm rate has to be below 1, not ${falseAlarmRate}.`);
  }
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((1 + atLeast[middle]!) / (n + 1) <= falseAlarmRate) high = middle;
    else low = middle + 1;
  }
  // The first p-value is (1 + n) / (n + 1), which no rate below 1 admits.
  return values[low - 1]!;
}

/** To four digits, rounded up: a request for the rate that the message names must succeed. */
function roundUp(rate: number): number {
  const rounded = Number(rate.toPrecision(4));
  return rounded >= rate ? rounded : Number((rate * 1.0005).toPrecision(4));
}

/** How a threshold was found: by a conformal p-value over the calibration sample, or given by hand as a value. */
export const THRESHOLD_METHODS = ["conformal", "value"] as const;
export type ThresholdMethod = (typeof THRESHOLD_METHODS)[number];

/** The scores of one scorer on normal data. Windows and stitched timesteps are calibrated apart. */
export interface ScorerCalibration {
  readonly windows: CalibrationSample;
  readonly timesteps: CalibrationSample;
}

/** The samples of a model by scorer, for the scorers that were calibrated. */
export type Calibration = Readonly<Partial<Record<ScorerName, ScorerCalibration>>>;
