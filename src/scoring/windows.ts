/** Where the windows of a series lie, and the windows cut from it. */

/** What a window may not cross. */
export interface SeriesBounds {
  /** [N], increasing, epoch milliseconds. */
  readonly timestampsMs?: ArrayLike<number> | undefined;
  /** A step between two timestamps above this is a gap; without it there is none. */
  readonly maxGapMs?: number | undefined;
  /** [N]: the group or file each row belongs to. */
  readonly groups?: ArrayLike<number> | ArrayLike<string> | undefined;
}

/** Consecutive rows without a gap between them: `start` up to `end`, end excluded. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** The runs a series falls into, in order; together they are all its rows. */
export function findRuns(rows: number, bounds: SeriesBounds = {}): Run[] {
  const { timestampsMs, groups } = bounds;
  const maxGapMs = bounds.maxGapMs ?? Number.POSITIVE_INFINITY;
  const runs: Run[] = [];
  let start = 0;
  if (timestampsMs === undefined && groups === undefined) return rows > 0 ? [{ start, end: rows }] : [];
  for (let row = 1; row < rows; row++) {
    const gap = timestampsMs !== undefined && timestampsMs[row]! - timestampsMs[row - 1]! > maxGapMs;
    if (!gap && (groups === undefined || groups[row] === groups[row - 1])) continue;
    runs.push({ start, end: row });
    start = row;
  }
  if (rows > 0) runs.push({ start, end: rows });
  return runs;
}

/** The runs of rows that are 1, in order. @param flags [rows]: 1 or 0. */
export function flaggedRuns(flags: ArrayLike<number>): Run[] {
  return findRuns(flags.length, { groups: flags }).filter(({ start }) => flags[start] === 1);
}

/** The runs that are too short for a window: their rows get no score, and a caller wants to hear of them. */
export function findShortRuns(rows: number, timesteps: number, bounds: SeriesBounds = {}): Run[] {
  return findRuns(rows, bounds).filter((run) => run.end - run.start < timesteps);
}

/**
 * The first row of every window, increasing: every `stride` rows of each run, as long as the window fits in
 * it.
 */
export function windowStarts(
  rows: number,
  timesteps: number,
  stride: number,
  bounds: SeriesBounds = {},
): Int32Array {
  const runs = findRuns(rows, bounds);
  let count = 0;
  for (const { start, end } of runs) {
    if (end - start >= timesteps) count += Math.floor((end - start - timesteps) / stride) + 1;
  }
  const starts = new Int32Array(count);
  let i = 0;
  for (const { start, end } of runs) {
    for (let row = start; row + timesteps <= end; row += stride) starts[i++] = row;
  }
  return starts;
}

/**
 * @param series [N, F]
 * @returns [starts.length, timesteps, F]
 */
export function cutWindows(
  series: Float64Array,
  features: number,
  starts: ArrayLike<number>,
  timesteps: number,
): Float64Array {
  const size = timesteps * features;
  const windows = new Float64Array(starts.length * size);
  for (let i = 0; i < starts.length; i++) {
    const first = starts[i]! * features;
    windows.set(series.subarray(first, first + size), i * size);
  }
  return windows;
}

/** How many of these windows do not overlap, taken from the first on: what a sample of them is worth. */
export function countBlocks(starts: ArrayLike<number>, timesteps: number): number {
  let blocks = 0;
  let free = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < starts.length; i++) {
    if (starts[i]! < free) continue;
    blocks++;
    free = starts[i]! + timesteps;
  }
  return blocks;
}
