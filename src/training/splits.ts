/**
 * Where each series is split into fit, validation and calibration windows: in time order, with rows left out between
 * the sets.
 *
 *   one series:  | fit ............ | T-1 rows | validation | T-1 rows | calibration |
 *
 * Neighbouring windows share rows. If a window of one set reached into the next, the network would be measured on rows
 * that it was fitted on. T-1 more rows are purged, so that the nearest windows of two sets are not near copies of each
 * other either (Lopez de Prado 2018, "Advances in Financial Machine Learning", chapter 7).
 */
import { lowerBound } from "../scoring/lower-bound.js";

/** How many of the windows are held back. */
export interface SplitShares {
  /** Shares of the windows, each in [0, 1), together below 1. */
  readonly validation: number;
  readonly calibration: number;
}

/** The first and the last window start of a set in one series; undefined where the set has no window of it. */
export type StartSpan = readonly [first: number, last: number] | undefined;

/** The windows of one series in each set. */
export interface StartSpans {
  readonly fit: StartSpan;
  readonly validation: StartSpan;
  readonly calibration: StartSpan;
}

/**
 * Splits each series. A series that is long enough for all sets is cut in time order. A shorter one goes to one set as a
 * whole: the first series to fit, later ones to validation and calibration, by the same shares. Where there is only one
 * series and it is too short, the validation windows are given up first, then the calibration windows.
 *
 * No row is in two sets, and at least T-1 rows lie between two sets of one series.
 *
 * @param starts for each series, the first rows of its windows, increasing.
 */
export function splitStarts(
  starts: readonly Int32Array[],
  timesteps: number,
  shares: SplitShares,
): StartSpans[] {
  const filled = starts.flatMap((own, index) => (own.length > 0 ? [index] : []));
  const alone = filled.length === 1;
  const whole: number[] = [];
  const spans = starts.map((own, index): StartSpans => {
    const cut =
      cutSeries(own, timesteps, shares) ??
      (alone ? cutSeries(own, timesteps, { ...shares, validation: 0 }) : undefined) ??
      (alone ? cutSeries(own, timesteps, { validation: 0, calibration: 0 }) : undefined);
    if (cut === undefined && own.length > 0) whole.push(index);
    return cut ?? NO_SPANS;
  });
  const total = whole.reduce((sum, index) => sum + starts[index]!.length, 0);
  let before = 0;
  for (const index of whole) {
    const own = starts[index]!;
    const middle = (before + own.length / 2) / total;
    before += own.length;
    const set =
      middle < 1 - shares.validation - shares.calibration ||
      (whole.length === filled.length && index === whole[0])
        ? "fit"
        : middle < 1 - shares.calibration
          ? "validation"
          : "calibration";
    spans[index] = { ...NO_SPANS, [set]: spanOf(own, 0, own.length) };
  }
  return spans;
}

const NO_SPANS: StartSpans = { fit: undefined, validation: undefined, calibration: undefined };

/** Cuts one series in time order; undefined where it is too short for every set that is asked for. */
function cutSeries(starts: Int32Array, timesteps: number, shares: SplitShares): StartSpans | undefined {
  // From the last start of a set to the first of the next: the window itself, and T-1 rows.
  const apart = 2 * timesteps - 1;
  const borders = (shares.validation > 0 ? 1 : 0) + (shares.calibration > 0 ? 1 : 0);
  const room = starts.length - borders * (apart - 1);
  const size = (share: number) => (share > 0 ? Math.max(1, Math.round(share * room)) : 0);
  const calibration = size(shares.calibration);
  const validation = size(shares.validation);
  if (room - calibration - validation < 1) return undefined;

  let end = starts.length;
  const takeLast = (count: number): StartSpan => {
    if (count === 0) return undefined;
    const span = spanOf(starts, end - count, end);
    end = lowerBound(starts, starts[end - count]! - apart + 1);
    return span;
  };
  const last = takeLast(calibration);
  const middle = takeLast(validation);
  return { fit: spanOf(starts, 0, end), validation: middle, calibration: last };
}

function spanOf(starts: Int32Array, from: number, to: number): StartSpan {
  return from < to ? [starts[from]!, starts[to - 1]!] : undefined;
}
