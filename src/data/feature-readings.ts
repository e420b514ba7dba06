/** The readings of one feature over all files: their statistics, and the numbers among them that stand for no reading. */
import { lowerBound } from "../scoring/lower-bound.js";
import { SENTINELS } from "./missing.js";

/** Statistics of the readings of a feature. */
export interface ReadingStatistics {
  /** NaN, like `median` and `max`, where there is no reading. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** Rows without a reading. */
  readonly missing: number;
  /** How many different readings there are. */
  readonly distinct: number;
}

/** What was found among the readings of a feature. */
export interface FoundReadings {
  readonly statistics: ReadingStatistics;
  /** The numbers that were taken for missing, with how often they occur. */
  readonly sentinels: readonly { readonly value: number; readonly count: number }[];
  /** A reading that is repeated far from all others, and was kept. */
  readonly far: { readonly value: number; readonly count: number } | undefined;
}

/** A number stands for no reading if it occurs at least so often ... */
const LEAST_COUNT = 3;
/** ... and is farther from all readings than this many interquartile ranges. */
const FAR = 20;

/**
 * Looks through the readings of a feature, and makes NaN of those that stand for none.
 *
 * One exact value is taken for missing if it is one of the usual sentinels, occurs at least three times, and is farther
 * from all other readings than 20 interquartile ranges of these; or if it is `known`, wherever it occurs.
 *
 * @param columns the readings by file; they are changed.
 * @param known numbers that stand for no reading, as training found them.
 * @param keep numbers that are readings, whatever they look like.
 */
export function lookThroughReadings(
  columns: readonly Float64Array[],
  known: readonly number[],
  keep: ReadonlySet<number>,
): FoundReadings {
  let sorted = sortReadings(columns);
  const rows = columns.reduce((sum, column) => sum + column.length, 0);
  const suspects = new Map<number, number>();
  for (const value of new Set([...known, ...SENTINELS])) {
    if (keep.has(value)) continue;
    const count = countOf(sorted, value);
    if (count >= LEAST_COUNT || (count > 0 && known.includes(value))) suspects.set(value, count);
  }
  const sentinels: { value: number; count: number }[] = [];
  if (suspects.size > 0) {
    const others = sorted.filter((value) => !suspects.has(value));
    for (const [value, count] of suspects) {
      if (known.includes(value) || isFar(value, others)) sentinels.push({ value, count });
    }
    const taken = new Set(sentinels.map(({ value }) => value));
    if (taken.size > 0) {
      for (const column of columns)
        column.forEach((value, row) => {
          if (taken.has(value)) column[row] = Number.NaN;
        });
      sorted = sorted.filter((value) => !taken.has(value));
    }
  }
  return { statistics: describe(sorted, rows), sentinels, far: farReading(sorted, keep) };
}

function sortReadings(columns: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
  let count = 0;
  for (const column of columns) {
    for (const value of column) if (!Number.isNaN(value)) all[count++] = value;
  }
  return all.subarray(0, count).sort();
}

function countOf(sorted: Float64Array, value: number): number {
  let at = lowerBound(sorted, value);
  const first = at;
  while (sorted[at] === value) at++;
  return at - first;
}

function quartileRange(sorted: Float64Array): number {
  return (sorted[Math.floor(sorted.length * 0.75)] ?? 0) - (sorted[Math.floor(sorted.length * 0.25)] ?? 0);
}

function isFar(value: number, sorted: Float64Array): boolean {
  if (sorted.length === 0) return false;
  const at = lowerBound(sorted, value);
  const above = (sorted[at] ?? Number.POSITIVE_INFINITY) - value;
  const below = value - (sorted[at - 1] ?? Number.NEGATIVE_INFINITY);
  return Math.min(above, below) > FAR * quartileRange(sorted);
}

function describe(sorted: Float64Array, rows: number): ReadingStatistics {
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return {
    min: sorted[0] ?? Number.NaN,
    median,
    max: sorted.at(-1) ?? Number.NaN,
    missing: rows - sorted.length,
    distinct,
  };
}

/** The least or the largest reading, where it is far from all others and is repeated or one of the usual sentinels. */
function farReading(sorted: Float64Array, keep: ReadonlySet<number>): FoundReadings["far"] {
  const range = quartileRange(sorted);
  if (range === 0) return undefined;
  for (const value of [sorted[0]!, sorted.at(-1)!]) {
    const count = countOf(sorted, value);
    const first = lowerBound(sorted, value);
    const gap = first === 0 ? sorted[count]! - value : value - sorted[first - 1]!;
    const isOdd = count >= LEAST_COUNT || SENTINELS.some((sentinel) => sentinel === value);
    if (isOdd && gap > FAR * range && !keep.has(value)) return { value, count };
  }
  return undefined;
}
