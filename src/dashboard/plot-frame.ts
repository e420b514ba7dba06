/** What all pictures of a series share: where rows lie, which of them are shown, and what a pointer does. */
import type { SeriesRows } from "./series-data.js";
import { rowAt } from "./series-data.js";

/** The rows shown, `to` excluded. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** A run of rows that is marked. */
export interface Band {
  readonly start: number;
  readonly end: number;
}

/** What pictures tell the view that they are part of. */
export interface PlotEvents {
  /** A person chose a range. */
  readonly zoom: (range: RowRange) => void;
  /** The row under the pointer. */
  readonly hover: (row: number | undefined) => void;
}

/** The fewest rows that are shown. */
export const LEAST_ROWS = 8;
/** Space on the right of the plotting area, which the last label of an axis needs. */
export const RIGHT_MARGIN = 18;

/** Space on the left of the plotting area, for labels. */
export function gutterOf(width: number): number {
  return width < 560 ? 58 : 108;
}

/** Where rows lie on the horizontal axis: seconds since 1970, or row numbers. */
export class RowAxis {
  readonly isTime: boolean;
  readonly rows: number;
  readonly #series: SeriesRows;

  constructor(series: SeriesRows) {
    this.#series = series;
    this.rows = series.rows;
    this.isTime = series.timesMs !== undefined;
  }

  placeOf(row: number): number {
    const { timesMs, rows } = this.#series;
    const own = Math.min(rows - 1, Math.max(0, row));
    return timesMs === undefined ? own : timesMs[own]! / 1000;
  }

  rowAt(place: number): number {
    return rowAt(this.#series, this.isTime ? place * 1000 : place);
  }

  /** A range that lies within the rows and is not too short. */
  clamp({ from, to }: RowRange): RowRange {
    const count = Math.min(this.rows, Math.max(LEAST_ROWS, Math.round(to - from)));
    const start = Math.min(this.rows - count, Math.max(0, Math.round(from)));
    return { from: start, to: start + count };
  }
}
