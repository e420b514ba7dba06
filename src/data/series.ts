/** The rows of a data set that follow each other in time. */
import type { Order } from "./order.js";

/** The rows of one group of one file. */
export interface Series {
  readonly file: string;
  readonly group: string | undefined;
  readonly rows: number;
  /** [rows, F] in the file's units; NaN where a reading is missing. */
  readonly values: Float64Array;
  /** [rows], not decreasing. */
  readonly timestampsMs: Float64Array | undefined;
  /** [rows]: 1 where the row is labelled anomalous. */
  readonly anomalous: Uint8Array | undefined;
  /** The index of its file in `Dataset.files`; and [rows]: the index of each row among the rows of that file. */
  readonly fileIndex: number;
  readonly fileRows: Int32Array;
  /** Where rows were resampled: all rows of the file in order of time, and the row of the series that each went into. */
  readonly spans?: { readonly fileRows: Int32Array; readonly rowOf: Int32Array } | undefined;
}

/** A series, and how its rows were put in order; no order where there is no time. */
export interface OrderedSeries {
  readonly series: Series;
  readonly order: Order | undefined;
}
