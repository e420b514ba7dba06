/**
 * Events of a series, each with the features that its error comes from.
 *
 * Where a model knows how normal scores make events, an alarm rule says when an event begins and ends. What one row does
 * to scores reaches over all windows that cover the row, so the timesteps of an alarm begin up to T - 1 rows before the
 * rows that caused it. The event is therefore from the first to the last of them whose own error, stitched, is out of
 * its normal range; all of them where none is. An event ends at a gap. Without such knowledge, events are the runs of anomalous timesteps.
 */

import { AlarmDetector, type AlarmEvent, type AlarmRule } from "./alarms.js";
import { lowerBound } from "./lower-bound.js";

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
  /** The share of each feature in the error of the windows that cover the event, largest first; they sum to 1. */
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** The windows that a series was cut into, with their errors by feature: the shares are computed from them. */
export interface EventWindows {
  /** [n]: the row of the series that each window begins with, increasing. */
  readonly starts: ArrayLike<number>;
  /** T: rows of a window. */
  readonly timesteps: number;
  /** Rows between the starts of two windows of a run; undefined: the least that there are. */
  readonly stride?: number;
  /** [n, F]; NaN where a window has no error for a feature. */
  readonly featureError: Float64Array;
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
}

type Span = Omit<AnomalyEvent, "id" | "features">;

/** Rows looked at, or errors summed, between two pauses: at most a millisecond's work. */
const STEPS_BETWEEN_PAUSES = 32_768;

/**
 * Finds the events of a series.
 *
 * @param score [N]: stitched scores.
 * @param anomalous [N]: 1 where the timestep is anomalous, 0 where it is not, anything else for no verdict: without a
 *   rule it ends an event, with one it counts as a timestep without a score.
 * @param rule undefined: events are the runs of anomalous timesteps.
 * @returns the events in order of time. The share of a feature is proportional to the sum of its errors over the windows
 *   that overlap the event, each weighted by the number of the event's timesteps that it covers.
 */
export function findEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
  rule?: EventRule,
): AnomalyEvent[] {
  return [...walkEvents(score, anomalous, windows, rule)].filter((event) => event !== undefined);
}

/**
 * As `findEvents`, one event at a time. It yields undefined at a pause, when it has worked for about a millisecond and has
 * no event yet, so that the caller can give way to other work.
 */
export function* walkEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
  rule?: EventRule,
): Generator<AnomalyEvent | undefined, void> {
  const pauses = new Pauses();
  let id = 0;
  const spans =
    rule === undefined
      ? walkRuns(score, anomalous, pauses)
      : walkAlarms(score, anomalous, rule, windows, pauses);
  for (const span of spans) {
    if (span === undefined) {
      yield undefined;
      continue;
    }
    id++;
    yield { id, ...span, features: yield* featureShares(span.start, span.end, windows, pauses) };
  }
}

/** The runs of anomalous timesteps. */
function* walkRuns(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  pauses: Pauses,
): Generator<Span | undefined, void> {
  for (let start = 0; start < score.length; start++) {
    if (pauses.isDue(1)) yield undefined;
    if (anomalous[start] !== 1) continue;
    let end = start;
    let peak = start;
    while (end + 1 < score.length && anomalous[end + 1] === 1) {
      if (pauses.isDue(1)) yield undefined;
      end++;
      if (score[end]! > score[peak]!) peak = end;
    }
    yield { start, end, peak, score: score[peak]!, open: end + 1 === score.length };
    start = end;
  }
}

function* walkAlarms(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  rule: EventRule,
  windows: EventWindows,
  pauses: Pauses,
): Generator<Span | undefined, void> {
  const detector = new AlarmDetector(rule.alarm);
  const gaps = rowsAfterGaps(windows);
  let gap = 0;
  for (let row = 0; row < score.length; row++) {
    if (pauses.isDue(1)) yield undefined;
    if (row === gaps[gap]) {
      gap++;
      const cut = detector.stop();
      if (cut !== undefined) yield yield* placeAlarm(cut, false, score, rule, pauses);
    }
    const hasVerdict = anomalous[row] === 1 || anomalous[row] === 0;
    const alarm = detector.push(hasVerdict ? score[row]! : Number.NaN);
    if (alarm !== undefined) yield yield* placeAlarm(alarm, false, score, rule, pauses);
  }
  const last = detector.open;
  if (last !== undefined) yield yield* placeAlarm(last, true, score, rule, pauses);
}

/**
 * The rows that a run of windows begins with, but the first: windows on both sides of a gap do not overlap, and are
 * further apart than the others.
 *
 * @param previousStart the start of the window before these, counted as theirs; undefined for none.
 */
export function rowsAfterGaps(
  { starts, timesteps, stride: known }: EventWindows,
  previousStart?: number,
): number[] {
  let stride = known ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i < starts.length && known === undefined; i++) {
    stride = Math.min(stride, starts[i]! - starts[i - 1]!);
  }
  const rows: number[] = [];
  let previous = previousStart ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < starts.length; i++) {
    const step = starts[i]! - previous;
    if (step >= timesteps && step > stride) rows.push(starts[i]!);
    previous = starts[i]!;
  }
  return rows;
}

/** The part of an alarm whose errors are out of their normal range. */
function* placeAlarm(
  { start, end, peak, score: highest }: AlarmEvent,
  open: boolean,
  score: Float64Array,
  { error, errorLimit }: EventRule,
  pauses: Pauses,
): Generator<undefined, Span> {
  let first = -1;
  let last = -1;
  let best = -1;
  for (let row = start; row <= end; row++) {
    if (pauses.isDue(1)) yield undefined;
    if (!(error[row]! > errorLimit) || Number.isNaN(score[row]!)) continue;
    if (first < 0) first = row;
    last = row;
    if (best < 0 || score[row]! > score[best]!) best = row;
  }
  if (first < 0) return { start, end, peak, score: highest, open };
  return { start: first, end: last, peak: best, score: score[best]!, open };
}

/** Counts steps of work, and says when it is time for a pause. */
export class Pauses {
  #left = STEPS_BETWEEN_PAUSES;

  isDue(steps: number): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    this.#left = STEPS_BETWEEN_PAUSES;
    return true;
  }
}

function* featureShares(
  start: number,
  end: number,
  windows: EventWindows,
  pauses: Pauses,
): Generator<undefined, AnomalyEvent["features"]> {
  const { starts, timesteps, featureError, featureNames } = windows;
  const features = featureNames.length;
  const sums = new Float64Array(features);
  for (let i = lowerBound(starts, start - timesteps + 1); i < starts.length && starts[i]! <= end; i++) {
    if (pauses.isDue(features)) yield undefined;
    const overlap = Math.min(end + 1, starts[i]! + timesteps) - Math.max(start, starts[i]!);
    addFeatureErrors(sums, featureError, i, overlap);
  }
  return sharesOf(sums, featureNames);
}

/** Adds the errors of a window by feature, each times `weight`. @param sums [F] */
export function addFeatureErrors(
  sums: Float64Array,
  featureError: Float64Array,
  window: number,
  weight: number,
): void {
  const features = sums.length;
  for (let feature = 0; feature < features; feature++) {
    const error = featureError[window * features + feature]!;
    if (!Number.isNaN(error)) sums[feature]! += error * weight;
  }
}

/** The share of each feature in the sum of all, largest first; equal shares where the sum is 0. @param sums [F] */
export function sharesOf(sums: Float64Array, featureNames: readonly string[]): AnomalyEvent["features"] {
  const total = sums.reduce((a, b) => a + b, 0);
  return featureNames
    .map((name, feature) => ({ name, share: total > 0 ? sums[feature]! / total : 1 / sums.length }))
    .sort((a, b) => b.share - a.share);
}
