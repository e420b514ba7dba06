/**
 * Events of a series, each with the features that its scores come from. event-stream.ts finds them.
 *
 * An alarm rule says when an event begins and ends. What one row does to scores reaches over all windows that cover the
 * row, so the timesteps of an alarm begin up to T - 1 rows before the rows that caused it. The event is therefore from
 * the first to the last of them whose own error, stitched, is out of its normal range; all of them where none is.
 */

import type { AlarmRule } from "./alarms.js";

export interface AnomalyEvent {
  /** 1 for the first event of a series. */
  readonly id: number;
  /** The first timestep. */
  readonly start: number;
  /** The last timestep; equal to `start` for an event of one timestep. */
  readonly end: number;
  /** The timestep of the highest score, among those whose error is out of its normal range. */
  readonly peak: number;
  /** The score at the peak. */
  readonly score: number;
  /** Whether it is still under way at the end of the series. */
  readonly open: boolean;
  /**
   * The share of each feature, largest first; they sum to 1. Shares are proportional to what the features contribute to
   * the scores of the windows that overlap the event, each weighted by the number of the event's timesteps that it covers.
   */
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** The windows that a series was cut into, with what their scores are made of: the shares are computed from them. */
export interface EventWindows {
  /** [n]: the row of the series that each window begins with, increasing. */
  readonly starts: ArrayLike<number>;
  /** T: rows of a window. */
  readonly timesteps: number;
  /** Rows between the starts of two windows of a run; undefined: the least that there are. */
  readonly stride?: number;
  /** [n, F]: what each feature contributes to the window's score, as `contributionsByFeature` says. */
  readonly contributions: Float64Array;
  /** [F] */
  readonly featureNames: readonly string[];
}

/** How events begin and end. */
export interface EventRule {
  readonly alarm: AlarmRule;
  /** [N]: stitched timestep errors. */
  readonly error: Float64Array;
  /** An error above this is out of its normal range. */
  readonly errorLimit: number;
  /** Whether an event ends at a gap. */
  readonly endsAtGaps: boolean;
}

/**
 * @param known the alarm rule and the error limit of a model; it has no limit where it does not know how normal scores make
 *   events: they are then the runs of timesteps above the threshold.
 * @param score [N], `error` too: stitched.
 */
export function eventRuleOf(
  { alarm, errorLimit }: { readonly alarm: AlarmRule; readonly errorLimit: number | undefined },
  score: Float64Array,
  error: Float64Array,
): EventRule {
  return errorLimit === undefined
    ? { alarm, error: score, errorLimit: Number.NEGATIVE_INFINITY, endsAtGaps: false }
    : { alarm, error, errorLimit, endsAtGaps: true };
}

/**
 * Tells which rows a run of windows begins with, but the first: windows on both sides of a gap do not overlap, and are
 * further apart than the others. The windows are looked at as the rows are asked about: there may be a gap every few rows,
 * and a set of all of them takes long to make.
 */
export class RowsAfterGaps {
  readonly #windows: EventWindows;
  readonly #stride: number;
  /** The start of the window before `#next`. */
  #previous: number;
  #next = 0;

  /** @param previousStart the start of the window before these, counted as theirs; undefined for none. */
  constructor(windows: EventWindows, previousStart = Number.POSITIVE_INFINITY) {
    const { starts, stride } = windows;
    this.#windows = windows;
    this.#previous = previousStart;
    let least = stride ?? Number.POSITIVE_INFINITY;
    for (let i = 1; i < starts.length && stride === undefined; i++) {
      least = Math.min(least, starts[i]! - starts[i - 1]!);
    }
    this.#stride = least;
  }

  /** Whether such a run begins with `row`, which is after all rows asked about before. */
  has(row: number): boolean {
    const { starts, timesteps } = this.#windows;
    while (this.#next < starts.length && starts[this.#next]! < row) this.#previous = starts[this.#next++]!;
    const step = row - this.#previous;
    return starts[this.#next] === row && step >= timesteps && step > this.#stride;
  }
}

/** The share of each feature in the sum of all, largest first; equal shares where the sum is 0. @param sums [F] */
export function sharesOf(sums: Float64Array, featureNames: readonly string[]): AnomalyEvent["features"] {
  const total = sums.reduce((a, b) => a + b, 0);
  return featureNames
    .map((name, feature) => ({ name, share: total > 0 ? sums[feature]! / total : 1 / sums.length }))
    .sort((a, b) => b.share - a.share);
}
