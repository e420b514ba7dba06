/** The report on data that a model scored. */
import type { Dataset, Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import { windowStarts } from "../scoring/windows.js";
import type { DatasetScores, FileEvent } from "../serving/dataset-scoring.js";
import type { ScorableModel } from "../serving/score-result.js";
import { digits, writeFigures, writePage } from "./html.js";
import { type Band, lookAtSeries } from "./series-look.js";
import { count, type ListedEvent, writeSeries } from "./series-section.js";

/** Series that are shown: those with the most events first. */
const MOST_SERIES = 12;

export type ReportedModel = ScorableModel & { readonly executable: Executable };

/** Data with the scores that a model gave them. */
export interface ScoredData {
  readonly dataset: Dataset;
  /** With events. */
  readonly scores: DatasetScores;
  /** Rows between the starts of two windows. */
  readonly stride: number;
}

/** The page that `score --report` writes. */
export async function writeScoreReport(model: ReportedModel, data: ScoredData): Promise<string> {
  const { threshold, files, events } = data.scores;
  let rows = 0;
  let anomalous = 0;
  for (const file of files) {
    rows += file.score.length;
    for (const verdict of file.anomalous) if (verdict === 1) anomalous++;
  }
  const figures = writeFigures([
    ["Rows", rows.toLocaleString("en")],
    ["Above the threshold", anomalous.toLocaleString("en")],
    ["Events", events.length.toLocaleString("en")],
    ["Threshold", threshold === null ? "none" : digits(threshold.value)],
    ["Scorer", model.manifest.scorers[0]!],
  ]);
  const title = `Scores by ${model.name}, version ${model.version}`;
  return writePage(title, `<h1>${title}</h1>\n${figures}\n${await writeAllSeries(model, data)}`);
}

/** A section for each series. */
export async function writeAllSeries(model: ReportedModel, data: ScoredData): Promise<string> {
  const { dataset, scores } = data;
  const shown = dataset.series
    .map((series) => ({ series, events: scores.events.filter((event) => isOf(event, series)) }))
    .sort((a, b) => b.events.length - a.events.length);
  const sections: string[] = [];
  for (const { series, events } of shown.slice(0, MOST_SERIES)) {
    const starts = windowStarts(series.rows, model.scoring.timesteps, data.stride, {
      timestampsMs: series.timestampsMs,
      maxGapMs: dataset.maxGapMs,
    });
    const looking = {
      executable: model.executable,
      scoring: model.scoring,
      scorer: model.manifest.scorers[0]!,
      threshold: scores.threshold?.value,
    };
    const bands = locateEvents(events, series, dataset);
    const look = await lookAtSeries(looking, dataset.features, series, starts, bands);
    sections.push(writeSeries(look, scores.threshold === null ? undefined : events.map(listEvent)));
  }
  const left = shown.length - sections.length;
  if (left > 0) sections.push(`<footer>${count(left, "further series").replace(/ss$/, "s")}.</footer>`);
  return sections.join("\n");
}

function isOf(event: FileEvent, series: Series): boolean {
  return event.file === series.file && event.group === series.group;
}

/** Events are in rows of their file, pictures in rows of the series. */
function locateEvents(events: readonly FileEvent[], series: Series, dataset: Dataset): Band[] {
  const { firstRow, rows } = dataset.files[series.fileIndex]!;
  const { fileRows, rowOf } = series.spans ?? { fileRows: series.fileRows, rowOf: undefined };
  const rowsOf = new Int32Array(rows);
  fileRows.forEach((fileRow, index) => {
    rowsOf[fileRow] = rowOf?.[index] ?? index;
  });
  return events.map(({ start, end }) => [rowsOf[start - firstRow]!, rowsOf[end - firstRow]! + 1]);
}

function listEvent({ id, start, end, startTime, endTime, score, open, features }: FileEvent): ListedEvent {
  return {
    id,
    start: startTime ?? `row ${start}`,
    end: endTime ?? `row ${end}`,
    score,
    open,
    features,
  };
}
