/**
 * Where the windows of each series are cut into fit, validation and calibration: time-ordered, with rows purged
 * between the parts.
 *
 *   one series:  | fit ............ | T-1 rows | validation | T-1 rows | calibration |
 *
 * Neighbouring windows share rows, so a window of one part that reached into the next would let the network see
 * what it is measured on; the purged rows keep also the nearest windows of two parts apart (Lopez de Prado 2018,
 * "Advances in Financial Machine Learning", chapter 7).
 */

export interface SplitShares {
  /** Shares of the windows, each in [0, 1), together below 1. */
  readonly validation: number;
  readonly calibration: number;
}

/** The first and the last window start of a part of one series; undefined for no window. */
export type StartSpan = readonly [first: number, last: number] | undefined;

export interface StartSpans {
  readonly fit: StartSpan;
  readonly validation: StartSpan;
  readonly calibration: StartSpan;
}

/**
 * Where each series is cut. A series with room for all parts is cut in time order; one without goes to one part
 * whole, the earlier series to fit, the later to validation and calibration, by the same shares. A series that
 * stands alone and has no room gives up its validation part first, then its calibration part.
 *
 * No row is in two parts, and at least T-1 rows lie between two parts of one series.
 *
 * @param starts by series, increasing.
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
    const part =
      middle < 1 - shares.validation - shares.calibration ||
      (whole.length === filled.length && index === whole[0])
        ? "fit"
        : middle < 1 - shares.calibration
          ? "validation"
          : "calibration";
    spans[index] = { ...NO_SPANS, [part]: spanOf(own, 0, own.length) };
  }
  return spans;
}

const NO_SPANS: StartSpans = { fit: undefined, validation: undefined, calibration: undefined };

/** One series cut in time order, or undefined where it has no room for every part that is asked for. */
function cutSeries(starts: Int32Array, timesteps: number, shares: SplitShares): StartSpans | undefined {
  // Between the last start of a part and the first of the next: the window itself, and T-1 rows.
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

/** The first index whose value is at least `value`. */
function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
