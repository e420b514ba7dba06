/**
 * Forward folds: a network is fitted on the first rows and scores the rows after them, several times over, so that
 * calibration scores come from as many times as there are, and no row has to be kept from the last fit.
 *
 *   fold 1   | fit .............. | purge | score |
 *   fold 2   | fit ....................... | purge | score |
 *   fold 3   | fit ............................... | purge | score |
 *   last     | fit .................................................. |
 *
 * Also known as rolling-origin evaluation (Tashman 2000, "Out-of-sample tests of forecasting accuracy"). With three
 * folds, a half, two thirds and five sixths of the rows are fitted on, and the sixth after them is scored.
 */
import { lowerBound } from "../scoring/lower-bound.js";
import type { StartSpan } from "./splits.js";

export interface Fold {
  /** By series: the first and the last start of the windows to fit on; undefined for none. */
  readonly fit: readonly StartSpan[];
  /** By series: those of the windows to score, all of them after those to fit on. */
  readonly score: readonly StartSpan[];
}

/** The share of the rows that the first fold fits on. */
const FIRST_FIT = 0.5;
/** What one fold scores of a series is at least this many windows long. */
const LEAST_WINDOWS_SCORED = 1.5;

/**
 * Forward folds over windows of several series.
 *
 * A series with room is cut in time order. One without goes to one part whole, in the order of the series: those with
 * the first half of all such windows to every fit, the next ones to what the first fold scores, and so on. Folds are
 * fewer than wanted where a part would have no window; there is none where one series stands alone and is too short.
 *
 * No row is both fitted on and scored by the same fold, and no row is scored by two. T-1 rows are purged between a
 * fold's two parts of one series, as between the parts of `splitStarts`; fewer, down to 0, where the part to score
 * would else be shorter than one and a half windows.
 *
 * For early stopping, a fold's fit is cut again into fit and validation, by `splitStarts` without calibration.
 *
 * @param starts by series, increasing: of all windows that can be learnt from.
 * @param timesteps T
 * @param wanted how many folds.
 */
export function forwardFolds(starts: readonly Int32Array[], timesteps: number, wanted = 3): Fold[] {
  for (let folds = wanted; folds >= 1; folds--) {
    const parts = cutParts(starts, timesteps, folds);
    const filled = parts.scores.every((score) => score.some((span) => span !== undefined));
    if (!filled || parts.fits[0]!.every((span) => span === undefined)) continue;
    return parts.fits.map((fit, fold) => ({ fit, score: parts.scores[fold]! }));
  }
  return [];
}

interface Parts {
  /** By fold, by series. */
  readonly fits: StartSpan[][];
  readonly scores: StartSpan[][];
}

function cutParts(starts: readonly Int32Array[], timesteps: number, folds: number): Parts {
  const empty = (): StartSpan[][] => Array.from({ length: folds }, () => starts.map(() => undefined));
  const parts = { fits: empty(), scores: empty() };
  const whole: number[] = [];
  starts.forEach((own, series) => {
    const cut = cutSeries(own, timesteps, folds);
    if (cut === undefined && own.length > 0) whole.push(series);
    cut?.forEach(({ fit, score }, fold) => {
      parts.fits[fold]![series] = fit;
      parts.scores[fold]![series] = score;
    });
  });
  const total = whole.reduce((sum, series) => sum + starts[series]!.length, 0);
  let before = 0;
  for (const series of whole) {
    const own = starts[series]!;
    const middle = (before + own.length / 2) / total;
    before += own.length;
    // Part 0 is fitted on by every fold; part i is scored by the fold of that number, and fitted on by those after it.
    const part = Math.max(0, 1 + Math.floor((middle - FIRST_FIT) / partShare(folds)));
    const span: StartSpan = [own[0]!, own[own.length - 1]!];
    for (let fold = part; fold < folds; fold++) parts.fits[fold]![series] = span;
    if (part > 0) parts.scores[part - 1]![series] = span;
  }
  return parts;
}

function partShare(folds: number): number {
  return (1 - FIRST_FIT) / folds;
}

/** One series cut in time order, or undefined where it has no room for every part. */
function cutSeries(
  starts: Int32Array,
  timesteps: number,
  folds: number,
): { fit: StartSpan; score: StartSpan }[] | undefined {
  if (starts.length === 0) return undefined;
  const firstRow = starts[0]!;
  const rows = starts[starts.length - 1]! + timesteps - firstRow;
  const border = (part: number) => firstRow + Math.round(rows * (FIRST_FIT + part * partShare(folds)));
  const cut: { fit: StartSpan; score: StartSpan }[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const end = border(fold + 1);
    const room = end - border(fold) - Math.ceil(LEAST_WINDOWS_SCORED * timesteps);
    if (room < 0) return undefined;
    const purge = Math.min(room, timesteps - 1);
    const fit = spanBetween(starts, firstRow, border(fold) - timesteps);
    const score = spanBetween(starts, border(fold) + purge, end - timesteps);
    // Windows that cannot be learnt from may leave a part of a long series empty.
    if (fit === undefined || score === undefined) return undefined;
    cut.push({ fit, score });
  }
  return cut;
}

/** The first and the last start from `from` up to and with `to`. */
function spanBetween(starts: Int32Array, from: number, to: number): StartSpan {
  const first = lowerBound(starts, from);
  const end = lowerBound(starts, to + 1);
  return first < end ? [starts[first]!, starts[end - 1]!] : undefined;
}
