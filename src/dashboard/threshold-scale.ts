/** What a threshold means: how many normal timesteps it flags, how many alarms it raises, and where a slider has it. */
import { hardlyDiffer } from "../charts/alike.js";
import type { Pairs, Sample } from "./service-types.js";

/** The shares 0 and 1 of quantiles have no logarithm: the sample carries no rate below 1 / (n + 1). */
function rateOfShare(share: number, n: number): number {
  return Math.min(n / (n + 1), Math.max(1 / (n + 1), 1 - share));
}

/**
 * The share of normal timesteps above a threshold. Between the quantiles that the service gives, the logarithm of the share
 * is taken as linear.
 */
export function rateOf({ quantiles, n }: Sample, threshold: number): number {
  const first = quantiles[0]!;
  if (threshold <= first[1]) return rateOfShare(first[0], n);
  for (let i = 1; i < quantiles.length; i++) {
    const [share, score] = quantiles[i]!;
    if (threshold > score) continue;
    const [shareBefore, before] = quantiles[i - 1]!;
    const part = score > before ? (threshold - before) / (score - before) : 1;
    const low = Math.log(rateOfShare(shareBefore, n));
    return Math.exp(low + (Math.log(rateOfShare(share, n)) - low) * part);
  }
  return 1 / (n + 1);
}

/**
 * The threshold for a rate, the inverse of `rateOf`. The p-values of scores that are at hand make it exact for them: every
 * score with a p-value of at most the rate is above it, and no other is.
 */
export function thresholdOf(
  sample: Sample,
  rate: number,
  { score, pValue }: { readonly score: Float64Array; readonly pValue: Float64Array },
): number {
  let highestNormal = Number.NEGATIVE_INFINITY;
  let lowestAnomalous = Number.POSITIVE_INFINITY;
  for (let row = 0; row < score.length; row++) {
    if (pValue[row]! <= rate) lowestAnomalous = Math.min(lowestAnomalous, score[row]!);
    else if (pValue[row]! > rate) highestNormal = Math.max(highestNormal, score[row]!);
  }
  const between = interpolate(sample, rate);
  // A score at the threshold is not above it.
  if (between >= lowestAnomalous) return Math.max(highestNormal, justBelow(lowestAnomalous));
  return Math.max(between, highestNormal);
}

function interpolate({ quantiles, n }: Sample, rate: number): number {
  for (let i = 1; i < quantiles.length; i++) {
    const [share, score] = quantiles[i]!;
    const own = rateOfShare(share, n);
    if (own > rate) continue;
    const [shareBefore, before] = quantiles[i - 1]!;
    const low = Math.log(rateOfShare(shareBefore, n));
    const part = low > Math.log(own) ? (low - Math.log(rate)) / (low - Math.log(own)) : 1;
    return before + (score - before) * Math.min(1, Math.max(0, part));
  }
  return quantiles.at(-1)![1];
}

function justBelow(value: number): number {
  return value - Math.abs(value) * 2 ** -50;
}

/** False alarms at a threshold, linear between those of a table of [threshold, events], thresholds going down. */
export function falseAlarmsAt(table: Pairs, threshold: number): number {
  if (threshold >= table[0]![0]) return threshold > table[0]![0] ? 0 : table[0]![1];
  for (let i = 1; i < table.length; i++) {
    const [own, events] = table[i]!;
    if (threshold < own) continue;
    const [above, fewer] = table[i - 1]!;
    return fewer + ((events - fewer) * (above - threshold)) / (above - own);
  }
  return table.at(-1)![1];
}

/** The lowest threshold of a table that raises at most so many events. */
export function thresholdForAlarms(table: Pairs, events: number): number {
  const found = table.findLast(([, own]) => own <= events);
  if (found !== undefined) return found[0];
  const [highest] = table[0]!;
  return highest + Math.abs(highest) * 1e-6;
}

/** Numbers much smaller have fewer digits in float64. */
const LEAST_LOGARITHMIC = 1e-290;

/** A slider over scores: logarithmic where all are above zero, so that both normal scores and extremes have room. */
export class ScoreScale {
  readonly low: number;
  readonly high: number;
  readonly isLogarithmic: boolean;

  /** @param values scores and thresholds that have to lie within; those that are not finite are left out. */
  constructor(values: Iterable<number>) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let lowestPositive = Number.POSITIVE_INFINITY;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
      if (value > 0 && value < lowestPositive) lowestPositive = value;
    }
    if (!(low <= high)) [low, high] = [0, 1];
    this.isLogarithmic = low >= 0 && high > LEAST_LOGARITHMIC;
    // Scores of nothing at all would stretch the scale beyond use.
    if (this.isLogarithmic) low = Math.max(Math.min(lowestPositive, high), high * 1e-6);
    if (hardlyDiffer(low, high)) {
      const room = Math.abs(high) + 1;
      [low, high] = this.isLogarithmic ? [low / 2, high * 2] : [low - room, high + room];
    }
    this.low = low;
    this.high = high;
  }

  /** 0 for the lowest score, 1 for the highest. */
  placeOf(value: number): number {
    const { low, high } = this;
    const place = this.isLogarithmic
      ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
      : (value - low) / (high - low);
    return Math.min(1, Math.max(0, place));
  }

  valueAt(place: number): number {
    const { low, high } = this;
    return this.isLogarithmic ? low * (high / low) ** place : low + (high - low) * place;
  }

  /** How many of the values lie in each of `bins` equal parts of the slider. */
  histogram(values: Float64Array, bins: number): Uint32Array {
    const counts = new Uint32Array(bins);
    for (const value of values) {
      if (!Number.isNaN(value)) counts[Math.min(bins - 1, Math.floor(this.placeOf(value) * bins))]!++;
    }
    return counts;
  }
}
