/** What is shown, as files: the pictures as one PNG, the rows as CSV. */
import type { RowRange } from "./plot-frame.js";
import type { SeriesRows } from "./series-data.js";
import type { SeriesView, ShownScores } from "./series-view.js";
import { currentTheme } from "./theme.js";

const TITLE_HEIGHT = 34;
const CAPTION_HEIGHT = 22;
/** Rows that are joined to one piece of a file. */
const ROWS_OF_PIECE = 4096;

/** Offers bytes to the browser under a name. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken the address by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Every chart of a view, one below the other, under a title. */
export async function pictureOf(view: SeriesView, title: string): Promise<Blob> {
  const theme = currentTheme();
  const ratio = devicePixelRatio;
  const parts = [
    ...[...view.scoreCharts, ...view.featureCharts].map(({ title: caption, canvas }) => ({
      caption,
      canvas,
    })),
    { caption: "Error by feature", canvas: view.heatMap?.canvas },
  ].filter((part): part is { caption: string; canvas: HTMLCanvasElement } => part.canvas !== undefined);
  const picture = document.createElement("canvas");
  picture.width = Math.max(...parts.map(({ canvas }) => canvas.width));
  picture.height = parts.reduce(
    (height, { canvas }) => height + canvas.height + CAPTION_HEIGHT * ratio,
    TITLE_HEIGHT * ratio,
  );
  const context = picture.getContext("2d")!;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = theme.text;
  context.font = `600 ${14 * ratio}px system-ui, sans-serif`;
  context.fillText(title, 12 * ratio, 22 * ratio);
  context.font = `${12 * ratio}px system-ui, sans-serif`;
  let top = TITLE_HEIGHT * ratio;
  for (const { caption, canvas } of parts) {
    context.fillText(caption, 12 * ratio, top + 14 * ratio);
    top += CAPTION_HEIGHT * ratio;
    context.drawImage(canvas, 0, top);
    top += canvas.height;
  }
  return new Promise((resolve, reject) => {
    picture.toBlob((blob) =>
      blob === null ? reject(new Error("The picture is too large.")) : resolve(blob),
    );
  });
}

/** The rows shown: time, readings, and for each version score, p-value, verdict and reconstruction. */
export function rowsAsCsv(series: SeriesRows, shown: readonly ShownScores[], { from, to }: RowRange): Blob {
  const { timesMs, features, readings } = series;
  const columns: { readonly name: string; readonly at: (row: number) => string }[] = [
    { name: "row", at: String },
    ...(timesMs === undefined
      ? []
      : [{ name: "time", at: (row: number) => new Date(timesMs[row]!).toISOString() }]),
    ...features.map((name, feature) => ({ name, at: (row: number) => cell(readings[feature]![row]!) })),
    ...shown.flatMap(({ label, scores, judgement }) => {
      const suffix = shown.length === 1 ? "" : ` (${label})`;
      return [
        { name: `score${suffix}`, at: (row: number) => cell(scores.score[row]!) },
        { name: `p_value${suffix}`, at: (row: number) => cell(scores.pValue[row]!) },
        { name: `anomalous${suffix}`, at: (row: number) => verdict(scores.score[row]!, judgement.threshold) },
        ...(scores.reconstruction ?? []).map((column, feature) => ({
          name: `${features[feature]} reconstruction${suffix}`,
          at: (row: number) => cell(column[row]!),
        })),
      ];
    }),
  ];
  const pieces = [`${columns.map(({ name }) => quote(name)).join(",")}\n`];
  for (let first = from; first < to; first += ROWS_OF_PIECE) {
    let piece = "";
    for (let row = first; row < Math.min(to, first + ROWS_OF_PIECE); row++) {
      piece += `${columns.map(({ at }) => at(row)).join(",")}\n`;
    }
    pieces.push(piece);
  }
  return new Blob(pieces, { type: "text/csv" });
}

function cell(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

function verdict(score: number, threshold: number | undefined): string {
  return Number.isNaN(score) || threshold === undefined ? "" : String(Number(score > threshold));
}

function quote(name: string): string {
  return /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
