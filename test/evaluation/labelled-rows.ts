/** A small labelled data set with a gap and missing readings. */
import type { Dataset } from "../../src/data/dataset.js";

export const ROWS = 30;

/** A row a minute; between rows 17 and 18 an hour is missing, rows 24 and 25 have no reading. Anomalous: 8, 9 and 19. */
export function makeDataset(): Dataset {
  const values = Float64Array.from({ length: ROWS }, (_, row) => row);
  values[24] = Number.NaN;
  values[25] = Number.NaN;
  return {
    files: [],
    features: ["a"],
    series: [
      {
        file: "a.csv",
        group: undefined,
        rows: ROWS,
        values,
        timestampsMs: Float64Array.from(
          { length: ROWS },
          (_, row) => row * 60_000 + (row >= 18 ? 3_600_000 : 0),
        ),
        anomalous: Uint8Array.from({ length: ROWS }, (_, row) => ([8, 9, 19].includes(row) ? 1 : 0)),
        fileIndex: 0,
        fileRows: Int32Array.from({ length: ROWS }, (_, row) => row),
      },
    ],
    maxGapMs: 600_000,
    notes: [],
  };
}
