/** A file of a few kilobytes that takes long to read. */
import { parquetWriteBuffer } from "hyparquet-writer";

/** What a page may hold: an index of four bytes for each value. */
const PAGE_VALUES = 2 ** 20;

/** Parquet of so many rows of the model "small", which are all the same. */
export function repeatedRows(rows: number): Uint8Array<ArrayBuffer> {
  const same = new Float64Array(rows).fill(20);
  const columnData = ["temperature", "pressure"].map((name) => ({
    name,
    data: same,
    type: "DOUBLE" as const,
  }));
  return new Uint8Array(
    parquetWriteBuffer({ columnData, statistics: false, rowGroupSize: rows, pageSize: 4 * PAGE_VALUES }),
  );
}
