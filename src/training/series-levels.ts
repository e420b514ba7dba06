/** The slowly changing levels of series: the mean of each feature around a row. */
import type { Random } from "../network/random.js";
import { spreadNumbers, type WindowSource } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** Rows that a level is averaged over. Faster changes are left to the network. */
const LEVEL_ROWS = 80;
/** Of a larger set only this many windows are read, evenly spaced. */
const MOST_WINDOWS = 65_536;
/** Windows read at a time. */
const READ_WINDOWS = 256;

/**
 * The levels of each series. A level is the mean of the windows that begin within LEVEL_ROWS rows of each other, less
 * the mean of all windows of the series. A series with fewer rows has a single level of zero.
 */
export class SeriesLevels {
  /** [levels, F], scaled. */
  readonly values: Float32Array;
  readonly #rows = new Map<number, { readonly first: number; readonly count: number }>();

  /** @param source the windows of the set. */
  constructor(set: WindowSet, source: WindowSource, features: number) {
    const numbers = spreadNumbers(set.count, MOST_WINDOWS);
    const means = readMeans(source, numbers, features);
    this.values = new Float32Array(means.length);
    const starts = Float64Array.from(numbers, (number) => set.start[number]!);
    let first = 0;
    for (let from = 0; from < numbers.length; ) {
      const series = set.series[numbers[from]!]!;
      let to = from;
      while (to < numbers.length && set.series[numbers[to]!] === series) to++;
      const own = means.subarray(from * features, to * features);
      const levels = this.values.subarray(first * features);
      const count = averageLevels(starts.subarray(from, to), own, features, levels);
      this.#rows.set(series, { first, count });
      first += count;
      from = to;
    }
  }

  /** Draws one of the levels of a series, each with the same chance. @returns its row in `values`. */
  drawLevel(series: number, random: Random): number {
    const { first, count } = this.#rows.get(series)!;
    return first + random.below(count);
  }
}

/** [numbers.length, F]: the means of windows over their rows. */
function readMeans(source: WindowSource, numbers: Uint32Array, features: number): Float32Array {
  const means = new Float32Array(numbers.length * features);
  const sums = new Float64Array(features);
  for (let from = 0; from < numbers.length; from += READ_WINDOWS) {
    const chunk = numbers.subarray(from, from + READ_WINDOWS);
    const windows = source.read(chunk);
    const size = windows.length / chunk.length;
    for (let i = 0; i < chunk.length; i++) {
      sums.fill(0);
      for (let at = 0; at < size; at++) sums[at % features]! += windows[i * size + at]!;
      for (let feature = 0; feature < features; feature++) {
        means[(from + i) * features + feature] = (sums[feature]! * features) / size;
      }
    }
  }
  return means;
}

/**
 * Writes the levels of one series, and returns how many there are.
 *
 * @param starts of the windows, increasing.
 * @param means [starts.length, F]
 * @param levels [starts.length or more, F]
 */
function averageLevels(
  starts: Float64Array,
  means: Float32Array,
  features: number,
  levels: Float32Array,
): number {
  const average = new Float64Array(features);
  const count = starts.length;
  for (let i = 0; i < means.length; i++) average[i % features]! += means[i]! / count;
  const sums = new Float64Array(features);
  let written = 0;
  let end = 0;
  for (let from = 0; from < count; from++) {
    for (; end < count && starts[end]! < starts[from]! + LEVEL_ROWS; end++) addRow(sums, means, end, 1);
    // Levels after this one would be means of fewer and fewer windows.
    const isLast = end === count;
    for (let feature = 0; feature < features; feature++) {
      levels[written * features + feature] = sums[feature]! / (end - from) - average[feature]!;
    }
    written++;
    if (isLast) break;
    addRow(sums, means, from, -1);
  }
  return written;
}

function addRow(sums: Float64Array, rows: Float32Array, row: number, factor: number): void {
  for (let feature = 0; feature < sums.length; feature++) {
    sums[feature]! += factor * rows[row * sums.length + feature]!;
  }
}
