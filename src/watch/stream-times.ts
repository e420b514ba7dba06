/** The times of a stream's rows, which are a step apart but where rows are missing: kept as runs without holes. */

/** A run of rows a step apart: the row, in the stream, that it begins with, and that row's time. */
export type TimeRun = readonly [row: number, ms: number];

/** Runs that are kept: with holes more often than that, the oldest times are forgotten. */
export const MOST_RUNS = 1000;

/** The runs of a stream with more rows. @param first the first of them, in the stream. @param timesMs increasing. */
export function addTimes(
  runs: readonly TimeRun[],
  first: number,
  timesMs: readonly number[],
  stepMs: number,
): TimeRun[] {
  const all = [...runs];
  timesMs.forEach((ms, at) => {
    if (timeOf(all, first + at, stepMs) !== ms) all.push([first + at, ms]);
  });
  return all.slice(-MOST_RUNS);
}

/** The time of a row in ms since 1970; undefined where it has been forgotten. */
export function timeOf(runs: readonly TimeRun[], row: number, stepMs: number): number | undefined {
  const run = runs.findLast(([first]) => first <= row);
  return run === undefined ? undefined : run[1] + (row - run[0]) * stepMs;
}
