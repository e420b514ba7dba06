/** The answer to a series as CSV: a line for each timestep. */
import { csvCell } from "../data/cell.js";
import type { SeriesResult } from "../serving/score-result.js";
import { joinChunks, PAUSE } from "./body-chunks.js";
import { type TableColumn, tableColumns } from "./series-table.js";

/** Cells of a chunk: about a millisecond's work. */
const CHUNK_CELLS = 2048;

/**
 * A header, then `time,score,p_value,anomalous` and what was asked for; `time` in UTC where there are timestamps,
 * `anomalous` as 1 or 0. A cell without a value is empty.
 *
 * @param timesMs of the last rows of the series; of rows that came before there is none.
 */
export function seriesCsv(
  result: SeriesResult,
  asked: ReadonlySet<string>,
  timesMs: Float64Array | undefined,
): Generator<Uint8Array, void> {
  return joinChunks(chunks(result, tableColumns(result, asked), timesMs));
}

function* chunks(
  { from: first, rows }: SeriesResult,
  columns: readonly TableColumn[],
  timesMs: Float64Array | undefined,
): Generator<Uint8Array, void> {
  const names = columns.map(({ name }) => name);
  if (timesMs !== undefined) names.unshift("time");
  yield Buffer.from(`${names.map(csvCell).join(",")}\n`);
  const step = Math.max(1, Math.floor(CHUNK_CELLS / names.length));
  const earlier = rows - (timesMs?.length ?? 0);
  for (let from = first; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    const cells = columns.map((column) => cellsOf(column, from, to));
    if (timesMs !== undefined) {
      cells.unshift(Array.from({ length: to - from }, (_, i) => timeText(timesMs[from + i - earlier])));
    }
    let text = "";
    for (let i = 0; i < to - from; i++) text += `${cells.map((column) => column[i]).join(",")}\n`;
    yield Buffer.from(text);
    yield PAUSE;
  }
}

function cellsOf(column: TableColumn, from: number, to: number): string[] {
  if (column.kind === "verdict") {
    return Array.from(column.values(from, to), (verdict) => (verdict < 0 ? "" : String(verdict)));
  }
  return Array.from(column.values(from, to), (value) => (Number.isFinite(value) ? column.text(value) : ""));
}

/** Empty for a time that no calendar has. */
function timeText(ms: number | undefined): string {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
