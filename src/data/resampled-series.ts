/** Series of a data set at one step in time. */
import { InputError } from "../errors.js";
import { type Resampling, resampleRows } from "../scoring/resampling.js";
import { usualStepMs } from "./gaps.js";
import type { Series } from "./series.js";

/** How many times as many rows as there were resampling may give: empty rows fill the time between sparse ones. */
const MOST_TIMES = 100;
const MOST_ROWS_ALWAYS = 100_000;

/**
 * The series with a row for each step in time. A row stands for the first row of its span in the file, and is anomalous
 * where any row of its span is labelled so.
 *
 * @throws InputError where the series has no times.
 */
export function resampleSeries(series: Series, resampling: Resampling, maxGapMs: number): Series {
  const { values, timestampsMs, anomalous, rows } = series;
  if (timestampsMs === undefined) {
    throw new InputError(`${series.file} has no time column that is known, and --resample needs one.`);
  }
  const features = rows === 0 ? 0 : values.length / rows;
  const most = Math.max(MOST_ROWS_ALWAYS, MOST_TIMES * rows);
  const resampled = resampleRows({ values, timestampsMs }, features, resampling, maxGapMs, most);
  const { rowOf } = resampled;
  const fileRows = new Int32Array(resampled.rows);
  const labels = anomalous === undefined ? undefined : new Uint8Array(resampled.rows);
  let filled = 0;
  for (let row = 0; row < rows; row++) {
    if (anomalous?.[row] === 1) labels![rowOf[row]!] = 1;
    // An empty row stands for the row after it.
    for (; filled <= rowOf[row]!; filled++) fileRows[filled] = series.fileRows[row]!;
  }
  return {
    ...series,
    rows: resampled.rows,
    values: resampled.values,
    timestampsMs: resampled.timestampsMs,
    anomalous: labels,
    fileRows,
    spans: { fileRows: series.fileRows, rowOf },
  };
}

/** Sentences on what resampling did. */
export function describeResampling(
  before: readonly Series[],
  after: readonly Series[],
  { stepMs, aggregate }: Resampling,
): string[] {
  const usual = usualStepMs(before.flatMap(({ timestampsMs }) => timestampsMs ?? []));
  const given = before.reduce((sum, { rows }) => sum + rows, 0);
  const rows = after.reduce((sum, series) => sum + series.rows, 0);
  const filled = after.reduce((sum, { spans }) => sum + new Set(spans?.rowOf).size, 0);
  const step = stepMs / 1000;
  const empty = rows === filled ? "" : `, ${rows - filled} of them without readings`;
  const notes = [`${given} rows are resampled to ${rows} (${aggregate} of every ${step} s${empty}).`];
  if (usual !== undefined && usual > stepMs) {
    notes.push(
      `The rows are ${usual / 1000} s apart, farther than the ${step} s that they are resampled to: most rows have no reading of their own.`,
    );
  }
  return notes;
}
