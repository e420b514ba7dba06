/** The order of rows in time: sorted where it has to be, with duplicates and clock changes counted. */

const HOUR_MS = 3_600_000;

/** Rows of one series in order of time. */
export interface Order {
  /** The rows, by their index in the file. */
  readonly rows: Int32Array;
  /** [rows.length], not decreasing. */
  readonly ms: Float64Array;
  /** How many rows have the time of the one before. */
  readonly duplicates: number;
  /** How often the time goes back in the file. */
  readonly backs: number;
  /** Whether the file runs from the newest row to the oldest. */
  readonly isDescending: boolean;
  /** Rows at which a local clock was set back by an hour; their order is that of the file. */
  readonly clockChanges: readonly number[];
}

/**
 * Orders the rows of a series by time. Rows of one time keep the order of the file, or its reverse where the file
 * descends. Where the time goes back by one hour, less a step, and nowhere else, a clock was set back: the order of the
 * file is kept, and the hour that is there twice gets the last time before it.
 *
 * @param rows the rows, by their index in `ms`, as the file has them.
 */
export function orderRows(rows: Int32Array, ms: Float64Array): Order {
  const own = Float64Array.from(rows, (row) => ms[row]!);
  let backs = 0;
  let ups = 0;
  const changes: number[] = [];
  for (let i = 1; i < own.length; i++) {
    const step = own[i]! - own[i - 1]!;
    if (step > 0) ups++;
    if (step >= 0) continue;
    backs++;
    if (isClockChange(own, i)) changes.push(i);
  }
  const isDescending = backs > ups;
  if (backs > 0 && changes.length === backs && !isDescending) {
    const duplicates = countRepeats(own);
    let latest = Number.NEGATIVE_INFINITY;
    const monotone = own.map((value) => {
      latest = Math.max(latest, value);
      return latest;
    });
    return {
      rows,
      ms: monotone,
      duplicates,
      backs,
      isDescending,
      clockChanges: changes.map((i) => rows[i]!),
    };
  }
  let ordered = rows;
  if (backs > 0) {
    // Sorting is stable: rows of one time stay in this order.
    ordered = isDescending ? rows.slice().reverse() : rows.slice();
    ordered.sort((a, b) => ms[a]! - ms[b]!);
  }
  const sorted = ordered === rows ? own : Float64Array.from(ordered, (row) => ms[row]!);
  let duplicates = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) duplicates++;
  return { rows: ordered, ms: sorted, duplicates, backs, isDescending, clockChanges: [] };
}

/** Whether the time goes back by an hour less the step before, as it does when a local clock is set back. */
function isClockChange(ms: Float64Array, at: number): boolean {
  const step = at > 1 ? ms[at - 1]! - ms[at - 2]! : 0;
  const back = ms[at - 1]! - ms[at]!;
  return step > 0 && step <= HOUR_MS && Math.abs(back + step - HOUR_MS) <= Math.max(1000, step / 100);
}

/** How many rows have a time that occurs before them. */
function countRepeats(ms: Float64Array): number {
  return ms.length - new Set(ms).size;
}
