import type { Dataset, Series } from "../../src/data/dataset.js";

/**
 * A data set of one series without times, gaps or labels.
 * @param values shape [rows, features]
 */
export function oneSeries(features: readonly string[], values: Float64Array): Dataset {
  const rows = values.length / features.length;
  const series: Series = {
    file: "series.csv",
    group: undefined,
    rows,
    values,
    timestampsMs: undefined,
    anomalous: undefined,
    fileIndex: 0,
    fileRows: Int32Array.from({ length: rows }, (_, row) => row),
  };
  return { files: [], features, series: [series], maxGapMs: undefined, notes: [] };
}
