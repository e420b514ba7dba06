/**
 * Long series as a picture shows them: the smallest and the largest value of each column of pixels, so that a spike of one
 * row is seen among a million. Lines that are drawn through both look as those through all rows.
 */

/** Rows of a block of the lowest level; a block of each further level has as many blocks of the one below it. */
const BLOCK = 16;
const FACTOR = 8;

interface Level {
  /** Rows of a block. */
  readonly size: number;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** The extremes of columns. [columns] each; NaN where a column has no value. */
export interface Extremes {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * A series with the extremes of its blocks, so that any range of it is looked through in time that depends on the
 * columns, not on the rows.
 */
export class MinMaxSeries {
  /** [rows]; NaN where there is no value. */
  readonly values: Float64Array | Float32Array;
  readonly #levels: readonly Level[];

  constructor(values: Float64Array | Float32Array) {
    this.values = values;
    this.#levels = buildLevels(values);
  }

  get length(): number {
    return this.values.length;
  }

  /**
   * The extremes of rows from..to, divided into `columns` parts of as equal length as can be. A part without a row has
   * those of the row that it lies in.
   *
   * @param from, to whole rows, 0 <= from < to <= rows; `to` is excluded.
   */
  columns(from: number, to: number, columns: number): Extremes {
    const min = new Float64Array(columns);
    const max = new Float64Array(columns);
    const width = (to - from) / columns;
    for (let column = 0; column < columns; column++) {
      const first = from + Math.floor(column * width);
      const end = Math.max(first + 1, from + Math.floor((column + 1) * width));
      this.#look(first, end, column, min, max);
    }
    return { min, max };
  }

  /** The extremes of rows from..to; NaN where none has a value. */
  extent(from: number, to: number): readonly [min: number, max: number] {
    const { min, max } = this.columns(from, to, 1);
    return [min[0]!, max[0]!];
  }

  /** Looks at single rows up to the first block, at the largest blocks that fit, and at the rows that remain. */
  #look(from: number, end: number, column: number, min: Float64Array, max: Float64Array): void {
    const { values } = this;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = from; row < end; ) {
      const level = this.#highest(row, end);
      if (level !== undefined) {
        const block = row / level.size;
        if (level.min[block]! < low) low = level.min[block]!;
        if (level.max[block]! > high) high = level.max[block]!;
        row += level.size;
        continue;
      }
      // No block begins before the next multiple of the smallest one.
      const stop = Math.min(end, row + BLOCK - (row % BLOCK));
      for (; row < stop; row++) {
        const value = values[row]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    min[column] = low <= high ? low : Number.NaN;
    max[column] = low <= high ? high : Number.NaN;
  }

  /** The level with the largest block that begins at a row and ends at `end` or before. */
  #highest(row: number, end: number): Level | undefined {
    let found: Level | undefined;
    for (const level of this.#levels) {
      if (row % level.size !== 0 || row + level.size > end) break;
      found = level;
    }
    return found;
  }
}

function buildLevels(values: Float64Array | Float32Array): Level[] {
  const levels: Level[] = [];
  let below: Extremes = { min: values as Float64Array, max: values as Float64Array };
  for (let size = BLOCK, factor = BLOCK; size <= values.length; size *= FACTOR, factor = FACTOR) {
    below = joinBlocks(below, factor);
    levels.push({ size, ...below });
  }
  return levels;
}

/** The last block may have fewer than `factor` blocks of those below; it is never asked for. */
function joinBlocks({ min: lows, max: highs }: Extremes, factor: number): Extremes {
  const count = Math.floor(lows.length / factor);
  const min = new Float64Array(count);
  const max = new Float64Array(count);
  for (let block = 0, at = 0; block < count; block++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const end = at + factor; at < end; at++) {
      if (lows[at]! < low) low = lows[at]!;
      if (highs[at]! > high) high = highs[at]!;
    }
    min[block] = low;
    max[block] = high;
  }
  return { min, max };
}

/** Points of a line: [points] each; null where the line is broken. */
export interface LinePoints {
  /** Rows, increasing; a column has its first row and the middle of its rows. */
  readonly rows: Float64Array;
  readonly values: (number | null)[];
}

/**
 * The points that a line through rows from..to is drawn with: every row where there are at most two a column, else the two
 * extremes of each column.
 */
export function linePoints(series: MinMaxSeries, from: number, to: number, columns: number): LinePoints {
  const count = to - from;
  if (count <= 2 * columns) {
    const rows = Float64Array.from({ length: count }, (_, i) => from + i);
    return { rows, values: Array.from(series.values.subarray(from, to), orNull) };
  }
  const { min, max } = series.columns(from, to, columns);
  const width = count / columns;
  const rows = new Float64Array(2 * columns);
  const values = new Array<number | null>(2 * columns);
  for (let column = 0; column < columns; column++) {
    rows[2 * column] = from + Math.floor(column * width);
    rows[2 * column + 1] = from + Math.floor((column + 0.5) * width);
    // Up in one column and down in the next, so that no line crosses a column twice.
    const isRising = column % 2 === 0;
    values[2 * column] = orNull((isRising ? min : max)[column]!);
    values[2 * column + 1] = orNull((isRising ? max : min)[column]!);
  }
  return { rows, values };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
