/** Rows at any times become rows at one step: a row for each span of that length, with one reading made from those in it. */
import { InputError } from "../errors.js";

/** What a row's reading is made from the readings of its span. */
export const AGGREGATES = ["mean", "median", "min", "max", "last"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** How rows are resampled. */
export interface Resampling {
  /** The length of a span. Spans begin at whole multiples of it since 1970, in UTC; a row has the time its span begins. */
  readonly stepMs: number;
  readonly aggregate: Aggregate;
}

/** Rows to resample. */
export interface TimedRows {
  /** [rows, F]; NaN where a reading is missing. */
  readonly values: Float64Array;
  /** [rows], not decreasing. */
  readonly timestampsMs: Float64Array;
}

/** Rows at one step. */
export interface ResampledRows extends TimedRows {
  readonly rows: number;
  /** Of each row that was given: the row it went into. */
  readonly rowOf: Int32Array;
}

/** How long a step in time is a gap, where nobody says: so many times the step of resampling. */
const GAP_STEPS = 10;

/** The longest step in time that is filled with rows without readings, and is no gap, where nobody says what is one. */
export function resampledMaxGapMs({ stepMs }: Resampling): number {
  return GAP_STEPS * stepMs;
}

/**
 * Resamples rows. A span without rows becomes a row without readings, so that rows are always one step apart; but spans
 * are left out where the time between the rows on both sides is above `maxGapMs`.
 *
 * @param features F
 * @param mostRows more rows are refused, with InputError.
 */
export function resampleRows(
  { values, timestampsMs }: TimedRows,
  features: number,
  { stepMs, aggregate }: Resampling,
  maxGapMs: number,
  mostRows: number,
): ResampledRows {
  const given = timestampsMs.length;
  const rowOf = new Int32Array(given);
  const spans: number[] = [];
  for (let row = 0; row < given; row++) {
    const span = Math.floor(timestampsMs[row]! / stepMs);
    const last = spans[spans.length - 1];
    if (span !== last) {
      const isFilled = last !== undefined && (span - last) * stepMs <= maxGapMs;
      if (spans.length + (isFilled ? span - last : 1) > mostRows) {
        throw new InputError(
          `Resampling ${given} rows to a step of ${stepMs / 1000} s gives more than ${mostRows} rows, most of them empty: a longer step, or a shorter longest gap, gives fewer.`,
        );
      }
      if (isFilled) for (let empty = last + 1; empty < span; empty++) spans.push(empty);
      spans.push(span);
    }
    rowOf[row] = spans.length - 1;
  }
  const rows = spans.length;
  const resampled = new Float64Array(rows * features).fill(Number.NaN);
  const one: number[] = [];
  for (let from = 0, to: number; from < given; from = to) {
    for (to = from + 1; to < given && rowOf[to] === rowOf[from]; ) to++;
    for (let feature = 0; feature < features; feature++) {
      one.length = 0;
      for (let row = from; row < to; row++) {
        const value = values[row * features + feature]!;
        if (!Number.isNaN(value)) one.push(value);
      }
      if (one.length > 0) resampled[rowOf[from]! * features + feature] = AGGREGATE[aggregate](one);
    }
  }
  return { rows, values: resampled, timestampsMs: Float64Array.from(spans, (span) => span * stepMs), rowOf };
}

const AGGREGATE: Readonly<Record<Aggregate, (values: number[]) => number>> = {
  mean,
  median: (values) => {
    values.sort((a, b) => a - b);
    const half = values.length >> 1;
    return values.length % 2 === 1 ? values[half]! : mean([values[half - 1]!, values[half]!]);
  },
  min: (values) => values.reduce((least, value) => Math.min(least, value)),
  max: (values) => values.reduce((most, value) => Math.max(most, value)),
  last: (values) => values[values.length - 1]!,
};

/** The mean, by way of differences from the first: a sum of large readings would lose digits, or overflow. */
function mean(values: readonly number[]): number {
  const [first = Number.NaN] = values;
  const mean = first + values.reduce((sum, value) => sum + (value - first) / values.length, 0);
  return Number.isFinite(mean) ? mean : values.reduce((sum, value) => sum + value / values.length, 0);
}
