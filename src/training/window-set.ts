/** The windows of a data set that training uses, split into those to fit, to validate and to calibrate with. */

import type { Dataset, Series } from "../data/dataset.js";
import { describeShortRuns } from "../data/short-runs.js";
import { InputError } from "../errors.js";
import { windowStarts } from "../scoring/windows.js";
import { type SplitShares, type StartSpan, type StartSpans, splitStarts } from "./splits.js";

/** Windows of a data set, by series and in time order: the series of each, and its first row there. */
export interface WindowSet {
  readonly count: number;
  readonly series: Int32Array;
  readonly start: Int32Array;
}

/** How a data set is split. */
export interface SplitOptions extends SplitShares {
  /** T */
  readonly timesteps: number;
  /** Rows between the starts of two windows that are fitted or validated on. */
  readonly stride: number;
  /** Windows with a smaller share of readings present are left out. */
  readonly minCoverage: number;
}

/** The windows of a data set by what they are used for. */
export interface Split {
  /** At `stride`. */
  readonly fit: WindowSet;
  /** At `stride`. */
  readonly validation: WindowSet;
  /** At a stride of 1, as a series is scored. */
  readonly calibration: WindowSet;
  readonly notes: readonly string[];
}

/**
 * Splits the windows of a data set. Windows that cross a gap, touch a row labelled anomalous, or have too few readings
 * are left out; `notes` say how many.
 *
 * @throws InputError where no window is left to fit on.
 */
export function splitDataset(dataset: Dataset, options: SplitOptions): Split {
  const notes: string[] = [];
  const starts = usableStarts(dataset, options, notes);
  const split = splitWindows(starts, options);
  return { ...split, notes: [...notes, ...describeEmptySets(split, options)] };
}

/** Sentences on sets that were asked for and have no window. */
export function describeEmptySets(split: Omit<Split, "notes">, shares: SplitShares): string[] {
  const notes: string[] = [];
  if (split.validation.count === 0 && shares.validation > 0) {
    notes.push("There are too few rows to hold some back for validation: training runs for all its epochs.");
  }
  if (split.calibration.count === 0 && shares.calibration > 0) {
    notes.push(
      "There are too few rows to hold some back for calibration: the model has no p-values, and no threshold unless --threshold sets one.",
    );
  }
  return notes;
}

/**
 * Splits windows by their starts.
 *
 * @param starts by series, increasing, at a stride of 1.
 */
export function splitWindows(
  starts: readonly Int32Array[],
  options: SplitShares & { readonly timesteps: number; readonly stride: number },
): Omit<Split, "notes"> {
  const spans = splitStarts(starts, options.timesteps, options);
  const windowsOf = (name: keyof StartSpans, stride: number) =>
    windowsWithin(
      starts,
      spans.map((span) => span[name]),
      stride,
    );
  return {
    fit: windowsOf("fit", options.stride),
    validation: windowsOf("validation", options.stride),
    calibration: windowsOf("calibration", 1),
  };
}

/**
 * For each series, the starts of all windows that training may use, at a stride of 1.
 *
 * @param notes gets sentences on what is left out.
 * @throws InputError where there is none.
 */
export function usableStarts(
  dataset: Dataset,
  { timesteps, minCoverage }: Pick<SplitOptions, "timesteps" | "minCoverage">,
  notes: string[],
): Int32Array[] {
  const { maxGapMs, series } = dataset;
  const features = dataset.features.length;
  let touched = 0;
  let labelled = 0;
  let thin = 0;
  const starts = series.map((one) => {
    const bounds = { timestampsMs: one.timestampsMs, maxGapMs };
    const all = windowStarts(one.rows, timesteps, 1, bounds);
    const anomalousBefore = runningSum(one.rows, (row) => one.anomalous?.[row] ?? 0);
    const presentBefore = runningSum(one.rows, (row) => readingsPresent(one, row, features));
    labelled += anomalousBefore[one.rows]!;
    return all.filter((start) => {
      const end = start + timesteps;
      const touches = anomalousBefore[end]! > anomalousBefore[start]!;
      const covered = presentBefore[end]! - presentBefore[start]! >= minCoverage * timesteps * features;
      if (touches) touched++;
      else if (!covered) thin++;
      return !touches && covered;
    });
  });
  notes.push(...describeShortRuns(dataset, timesteps));
  if (labelled > 0) {
    notes.push(
      `${labelled} ${labelled === 1 ? "row is" : "rows are"} labelled anomalous; the ${touched} windows that touch one are left out of fit, validation and calibration.`,
    );
  }
  if (thin > 0) {
    notes.push(
      `${thin} windows with less than ${minCoverage * 100} % of their readings present are left out.`,
    );
  }
  if (starts.every(({ length }) => length === 0)) {
    const longest = series.reduce((most, { rows }) => Math.max(most, rows), 0);
    throw new InputError(
      longest < timesteps
        ? `The longest series has ${longest} rows, too few for one window of ${timesteps}; take fewer --timesteps.`
        : `No window of ${timesteps} rows can be learnt from: each crosses a gap, touches an anomaly or lacks readings.`,
    );
  }
  return starts;
}

/** How many readings of a row are not missing. */
export function readingsPresent(series: Series, row: number, features: number): number {
  let present = 0;
  for (let i = row * features; i < (row + 1) * features; i++) if (!Number.isNaN(series.values[i]!)) present++;
  return present;
}

/** The sums of a value over the rows before each row. @returns [rows + 1] */
export function runningSum(rows: number, value: (row: number) => number): Float64Array {
  const sums = new Float64Array(rows + 1);
  for (let row = 0; row < rows; row++) sums[row + 1] = sums[row]! + value(row);
  return sums;
}

/** The windows within the spans, one of each series, each `stride` rows or more after the one before it. */
export function windowsWithin(
  starts: readonly Int32Array[],
  spans: readonly StartSpan[],
  stride: number,
): WindowSet {
  const series: number[] = [];
  const start: number[] = [];
  spans.forEach((span, index) => {
    if (span === undefined) return;
    let next = span[0];
    for (const row of starts[index]!) {
      if (row < next || row > span[1]) continue;
      series.push(index);
      start.push(row);
      next = row + stride;
    }
  });
  return { count: start.length, series: Int32Array.from(series), start: Int32Array.from(start) };
}

/** The starts of the windows of a set, by series. */
export function startsBySeries(windows: WindowSet): Map<number, Int32Array> {
  const starts = new Map<number, Int32Array>();
  for (let from = 0; from < windows.count; ) {
    const series = windows.series[from]!;
    let to = from;
    while (to < windows.count && windows.series[to] === series) to++;
    starts.set(series, windows.start.subarray(from, to));
    from = to;
  }
  return starts;
}
