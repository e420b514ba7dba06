/** The output of `score`: a row of CSV for each row of data. */
import { csvCell } from "../data/cell.js";
import { formatFloat32 } from "../scoring/digits.js";
import type { ScoredFile } from "../serving/dataset-scoring.js";

const ROWS_PER_CHUNK = 4096;

/**
 * CSV text in chunks: the time column if the first file has one, then `score,p_value,anomalous` (1 or 0). Cells are
 * empty for rows that no window covers.
 */
export function* writeScores(files: readonly ScoredFile[]): Generator<string> {
  const timeName = files[0]?.file.time?.name;
  yield `${timeName === undefined ? "" : `${csvCell(timeName)},`}score,p_value,anomalous\n`;
  for (const { file, score, pValue, anomalous } of files) {
    for (let from = 0; from < file.rows; from += ROWS_PER_CHUNK) {
      let text = "";
      for (let row = from; row < Math.min(from + ROWS_PER_CHUNK, file.rows); row++) {
        if (timeName !== undefined) text += `${csvCell(file.time?.text[row] ?? "")},`;
        text += writeRow(score[row]!, pValue[row]!, anomalous[row]!);
      }
      yield text;
    }
  }
}

function writeRow(score: number, pValue: number, anomalous: number): string {
  if (Number.isNaN(score)) return ",,\n";
  const p = Number.isNaN(pValue) ? "" : String(Number(pValue.toPrecision(6)));
  return `${formatFloat32(score)},${p},${anomalous < 0 ? "" : anomalous}\n`;
}
