/** The report on data that a model scored. */
import type { Dataset, Series } from "../data/dataset.js";
import { significantDigits } from "../scoring/digits.js";
import type { DatasetScores, FileEvent, ScoredOfDataset } from "../serving/dataset-scoring.js";
import type { ScorableModel } from "../serving/score-result.js";
import { writeFigures, writePage } from "./html.js";
import { type Band, lookAtScored, type SeriesLook } from "./series-look.js";
import { type ListedEvent, writeSeries } from "./series-section.js";

/** Series that are shown: those with the most events first. */
const MOST_SERIES = 12;

interface Shown {
  readonly look: SeriesLook;
  readonly events: readonly FileEvent[];
  readonly hasThreshold: boolean;
}

/** Takes what a report shows of series while they are scored, so that they are scored once. */
export class ScoredLooks {
  readonly #model: ScorableModel;
  readonly #dataset: Dataset;
  #shown: Shown[] = [];
  #series = 0;

  constructor(model: ScorableModel, dataset: Dataset) {
    this.#model = model;
    this.#dataset = dataset;
  }

  /** Takes a series; of all that were taken, those with the most events are kept. */
  readonly take = ({ series, starts, scored, threshold, events }: ScoredOfDataset): void => {
    this.#series += 1;
    const fewest = this.#shown[MOST_SERIES - 1]?.events.length ?? -1;
    if (events.length <= fewest) return;
    const looking = {
      features: this.#dataset.features,
      series,
      starts,
      scoring: this.#model.scoring,
      scorer: this.#model.manifest.scorers[0]!,
      threshold: threshold?.value,
    };
    const look = lookAtScored(scored, looking, locateEvents(events, series, this.#dataset));
    this.#shown.push({ look, events, hasThreshold: threshold !== null });
    this.#shown = this.#shown.sort((a, b) => b.events.length - a.events.length).slice(0, MOST_SERIES);
  };

  /** A section for each series. */
  write(): string {
    const sections = this.#shown.map(({ look, events, hasThreshold }) =>
      writeSeries(look, hasThreshold ? events.map(listEvent) : undefined),
    );
    const left = this.#series - sections.length;
    if (left > 0) sections.push(`<footer>${left.toLocaleString("en")} further series.</footer>`);
    return sections.join("\n");
  }
}

/** The page that `score --report` writes. */
export function writeScoreReport(model: ScorableModel, scores: DatasetScores, looks: ScoredLooks): string {
  const { threshold, files, events } = scores;
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
    ["Threshold", threshold === null ? "none" : significantDigits(threshold.value)],
    ["Scorer", model.manifest.scorers[0]!],
  ]);
  const title = `Scores by ${model.name}, version ${model.version}`;
  return writePage(title, `<h1>${title}</h1>\n${figures}\n${looks.write()}`);
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
