/**
 * The windows of a set, scaled as a network reads them. They overlap, so together they would take T times the memory of
 * the data: each is made when it is read.
 */

import type { Dataset } from "../data/dataset.js";
import { type PreparedWindows, prepareWindows, type ScoringModel } from "../scoring/window-scoring.js";
import type { WindowSet } from "./window-set.js";

/** Scaled windows by number, from 0 to `count`. */
export interface WindowSource {
  readonly count: number;
  /**
   * @returns [numbers.length, T, F], with calendar inputs behind the readings of each row where the model has some:
   *   finite, in new memory that the caller may write to.
   */
  read(numbers: ArrayLike<number>): Float32Array;
}

/** The readings of some windows, in the file's units: [numbers.length, T, F], NaN where one is missing. */
export function gatherWindows(
  dataset: Dataset,
  windows: WindowSet,
  timesteps: number,
  numbers: ArrayLike<number>,
): Float64Array {
  const features = dataset.features.length;
  const size = timesteps * features;
  const readings = new Float64Array(numbers.length * size);
  for (let i = 0; i < numbers.length; i++) {
    const { values } = dataset.series[windows.series[numbers[i]!]!]!;
    const first = windows.start[numbers[i]!]! * features;
    readings.set(values.subarray(first, first + size), i * size);
  }
  return readings;
}

/** The times of the rows of some windows: [numbers.length, T]; undefined where a series has none. */
export function gatherTimes(
  dataset: Dataset,
  windows: WindowSet,
  timesteps: number,
  numbers: ArrayLike<number>,
): Float64Array | undefined {
  const times = new Float64Array(numbers.length * timesteps);
  for (let i = 0; i < numbers.length; i++) {
    const { timestampsMs } = dataset.series[windows.series[numbers[i]!]!]!;
    if (timestampsMs === undefined) return undefined;
    const first = windows.start[numbers[i]!]!;
    times.set(timestampsMs.subarray(first, first + timesteps), i * timesteps);
  }
  return times;
}

/**
 * Some windows of a set as the service makes them ready: scaled, clipped, with missing readings filled in.
 *
 * @throws InputError where the model has calendar inputs, and a series has no times.
 */
export function prepareNumbered(
  dataset: Dataset,
  windows: WindowSet,
  model: ScoringModel,
  numbers: ArrayLike<number>,
): PreparedWindows {
  const { timesteps, calendar } = model;
  const readings = gatherWindows(dataset, windows, timesteps, numbers);
  const times = calendar && gatherTimes(dataset, windows, timesteps, numbers);
  return prepareWindows(model, readings, numbers.length, undefined, undefined, times);
}

/** Every row that a window of the set covers, once: [rows, F]. */
export function gatherRows(dataset: Dataset, windows: WindowSet, timesteps: number): Float64Array {
  const features = dataset.features.length;
  const covered = dataset.series.map(({ rows }) => new Uint8Array(rows));
  let rows = 0;
  for (let i = 0; i < windows.count; i++) {
    const own = covered[windows.series[i]!]!;
    const start = windows.start[i]!;
    for (let row = start; row < start + timesteps; row++) {
      if (own[row] === 1) continue;
      own[row] = 1;
      rows++;
    }
  }
  const values = new Float64Array(rows * features);
  let at = 0;
  dataset.series.forEach((series, index) => {
    for (let row = 0; row < series.rows; row++) {
      if (covered[index]![row] === 0) continue;
      values.set(series.values.subarray(row * features, (row + 1) * features), at);
      at += features;
    }
  });
  return values;
}

/** The windows of a set, as the network of a model reads them. */
export function createWindowSource(dataset: Dataset, windows: WindowSet, model: ScoringModel): WindowSource {
  return {
    count: windows.count,
    read: (numbers) => prepareNumbered(dataset, windows, model, numbers).inputs,
  };
}

/** The numbers of at most `most` windows of a set of `count`, evenly spaced. */
export function spreadNumbers(count: number, most: number): Uint32Array {
  const taken = Math.min(count, most);
  return Uint32Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}
