/** Data files through a model: a score and a verdict for each row, and the events. */

import type { CsvFile } from "../data/csv.js";
import type { Dataset, Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { Manifest } from "../registry/manifest.js";
import { type AnomalyEvent, findEvents } from "../scoring/events.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { windowStarts } from "../scoring/windows.js";
import { scoreSeries } from "../training/series-scoring.js";
import { NO_VERDICT } from "./score-result.js";
import { judgeScores } from "./verdict.js";

/** The scores of a file, by row as read. */
export interface ScoredFile {
  readonly file: CsvFile;
  /** [rows]; NaN for a row that no window covers. */
  readonly score: Float64Array;
  /** [rows]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
}

/** An event, in rows of its file. */
export interface FileEvent extends AnomalyEvent {
  readonly file: string;
  readonly group?: string;
  /** As the file writes them, where its time column was kept. */
  readonly startTime?: string;
  readonly endTime?: string;
}

export interface DatasetScores {
  readonly files: readonly ScoredFile[];
  /** In order of series and time, numbered from 1; none unless they are asked for. */
  readonly events: readonly FileEvent[];
}

export interface DatasetScoringOptions {
  /** Rows between the starts of two windows. */
  readonly stride: number;
  readonly withEvents: boolean;
}

/**
 * Scores every row of a data set by the model's own scorer and threshold.
 *
 * @param dataset with the model's features, in its order.
 */
export async function scoreDataset(
  model: { readonly executable: Executable; readonly scoring: ScoringModel; readonly manifest: Manifest },
  dataset: Dataset,
  options: DatasetScoringOptions,
): Promise<DatasetScores> {
  const { scoring, manifest, executable } = model;
  const scorer = manifest.scorers[0]!;
  const files = dataset.files.map((file) => ({
    file,
    score: new Float64Array(file.rows).fill(Number.NaN),
    anomalous: new Int8Array(file.rows).fill(NO_VERDICT),
  }));
  const events: FileEvent[] = [];
  for (const series of dataset.series) {
    const starts = windowStarts(series.rows, scoring.timesteps, options.stride, {
      timestampsMs: series.timestampsMs,
      maxGapMs: dataset.maxGapMs,
    });
    const scored = await scoreSeries(executable, scoring, [scorer], series.values, starts, {
      featureErrorOf: options.withEvents ? scorer : undefined,
    });
    const { coverage, featureError } = scored;
    const { timesteps } = scored.scores[scorer]!;
    const threshold = manifest.threshold?.timestepValue;
    const anomalous = judgeScores(timesteps, coverage, threshold, manifest.minCoverage);
    const file = files[series.fileIndex]!;
    series.fileRows.forEach((fileRow, row) => {
      file.score[fileRow] = timesteps[row]!;
      file.anomalous[fileRow] = anomalous[row]!;
    });
    if (featureError === undefined) continue;
    const found = findEvents(timesteps, anomalous, {
      starts,
      timesteps: scoring.timesteps,
      featureError,
      featureNames: dataset.features,
    });
    for (const event of found) events.push({ ...locate(event, series, dataset), id: events.length + 1 });
  }
  return { files, events };
}

/** An event of a series in rows of its file. */
function locate(event: AnomalyEvent, series: Series, dataset: Dataset): FileEvent {
  const file = dataset.files[series.fileIndex]!;
  const rowOf = (timestep: number) => file.firstRow + series.fileRows[timestep]!;
  const timeOf = (timestep: number) => file.time?.text[series.fileRows[timestep]!];
  const startTime = timeOf(event.start);
  const endTime = timeOf(event.end);
  return {
    ...event,
    file: series.file,
    ...(series.group === undefined ? {} : { group: series.group }),
    start: rowOf(event.start),
    end: rowOf(event.end),
    peak: rowOf(event.peak),
    ...(startTime === undefined || endTime === undefined ? {} : { startTime, endTime }),
  };
}
