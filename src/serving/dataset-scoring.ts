/** Data files through a model: a score and a verdict for each row, and the events. */

import type { DataFile } from "../data/data-file.js";
import type { Dataset, Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import { DriftCounter } from "../scoring/drift.js";
import type { Drift } from "../scoring/drift-decision.js";
import type { AnomalyEvent } from "../scoring/events.js";
import { lowerBound } from "../scoring/lower-bound.js";
import { windowStarts } from "../scoring/windows.js";
import { checkTimes } from "../training/calendar-options.js";
import { type ScoredSeries, scoreSeries } from "../training/series-scoring.js";
import { EventSearch } from "./event-search.js";
import { NO_VERDICT, type ScorableModel, type SeriesThreshold } from "./score-result.js";
import { chooseSeriesJudge, type SeriesJudge } from "./series-judge.js";
import { judgeScores, pValues } from "./verdict.js";

/** The scores of a file, by row as read. */
export interface ScoredFile {
  readonly file: DataFile;
  /** [rows]; NaN for a row that no window covers. */
  readonly score: Float64Array;
  /** [rows]; NaN for a model without calibration too. */
  readonly pValue: Float64Array;
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

/** What the p-values of a series say about the normal level; `since` is a row of its file. */
export interface FileDrift extends Drift {
  readonly file: string;
  readonly group?: string;
  /** As the file writes it, where its time column was kept. */
  readonly sinceTime?: string;
}

export interface DatasetScores {
  readonly threshold: SeriesThreshold | null;
  readonly files: readonly ScoredFile[];
  /** In order of series and time, numbered from 1; none unless they are asked for. */
  readonly events: readonly FileEvent[];
  /** By series, those that are long enough to say anything. */
  readonly drift: readonly FileDrift[];
}

/** A series of a data set with all that is known of its scores. */
export interface ScoredOfDataset {
  readonly series: Series;
  /** The first row of each window. */
  readonly starts: Int32Array;
  /** With the errors by feature. */
  readonly scored: ScoredSeries;
  readonly threshold: SeriesThreshold | null;
  /** Those of this series; none unless they are asked for. */
  readonly events: readonly FileEvent[];
}

export interface DatasetScoringOptions {
  /** Rows between the starts of two windows. */
  readonly stride: number;
  readonly withEvents: boolean;
  /** Called with each series, in order, before the next is scored. */
  readonly onScored?: ((one: ScoredOfDataset) => void) | undefined;
}

/**
 * Scores every row of a data set by the model's own scorer and threshold.
 *
 * @param dataset with the model's features, in its order.
 * @throws InputError where the model reads the calendar, and rows have no times.
 */
export async function scoreDataset(
  model: ScorableModel & { readonly executable: Executable },
  dataset: Dataset,
  options: DatasetScoringOptions,
): Promise<DatasetScores> {
  const { scoring, manifest, executable } = model;
  if (scoring.calendar !== undefined) checkTimes(dataset, scoring.calendar);
  const judge = chooseSeriesJudge(model, undefined, undefined);
  const scorer = manifest.scorers[0]!;
  const files = dataset.files.map((file) => ({
    file,
    score: new Float64Array(file.rows).fill(Number.NaN),
    pValue: new Float64Array(file.rows).fill(Number.NaN),
    anomalous: new Int8Array(file.rows).fill(NO_VERDICT),
  }));
  const events: FileEvent[] = [];
  const drifts: FileDrift[] = [];
  for (const series of dataset.series) {
    const starts = windowStarts(series.rows, scoring.timesteps, options.stride, {
      timestampsMs: series.timestampsMs,
      maxGapMs: dataset.maxGapMs,
    });
    const search =
      options.withEvents && judge.events !== undefined
        ? new EventSearch(model, judge, judge.events, { rows: series.rows, starts })
        : undefined;
    const scored = await scoreSeries(executable, scoring, [scorer], series, starts, {
      withFeatureError: options.onScored !== undefined,
      errorLimit: judge.events?.errorLimit,
      onBatch: search && ((batch) => search.add(batch)),
    });
    const { coverage } = scored;
    const { timesteps, errors } = scored.scores[scorer]!;
    const pValue = pValues(judge.sample, timesteps);
    const anomalous = judgeScores(timesteps, coverage, judge.threshold?.value, manifest.minCoverage);
    const file = files[series.fileIndex]!;
    const { fileRows, rowOf } = series.spans ?? { fileRows: series.fileRows, rowOf: undefined };
    fileRows.forEach((fileRow, index) => {
      const row = rowOf?.[index] ?? index;
      file.score[fileRow] = timesteps[row]!;
      file.pValue[fileRow] = pValue[row]!;
      file.anomalous[fileRow] = anomalous[row]!;
    });
    const drift = driftOf(judge, pValue, coverage, manifest.minCoverage);
    if (drift !== null) drifts.push(locateDrift(drift, series, dataset));
    const own = (search?.find(errors) ?? []).map((event, n): FileEvent => {
      return { ...locate(event, series, dataset), id: events.length + n + 1 };
    });
    // A spread would overflow the stack where there are hundreds of thousands.
    for (const event of own) events.push(event);
    options.onScored?.({ series, starts, scored, threshold: judge.threshold, events: own });
  }
  return { threshold: judge.threshold, files, events, drift: drifts };
}

/** @param coverage [rows]: where it is below `minCoverage`, a p-value says nothing about the level. */
function driftOf(
  { drift: reference }: SeriesJudge,
  pValue: Float64Array,
  coverage: Float64Array,
  minCoverage: number,
): Drift | null {
  if (reference === undefined) return null;
  const counter = new DriftCounter(reference.blockRows);
  for (const [row, own] of pValue.entries()) counter.push(coverage[row]! < minCoverage ? Number.NaN : own);
  return counter.drift(reference);
}

/** A drift of a series, with the change as a row of its file. */
function locateDrift(drift: Drift, series: Series, dataset: Dataset): FileDrift {
  const file = dataset.files[series.fileIndex]!;
  const { since } = drift;
  const sinceTime = since === null ? undefined : file.time?.text[series.fileRows[since]!];
  return {
    ...drift,
    file: series.file,
    ...(series.group === undefined ? {} : { group: series.group }),
    since: since === null ? null : file.firstRow + series.fileRows[since]!,
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

/** The last row of the file that a row of the series, or one before it, was made from. */
function lastFileRow({ fileRows, spans }: Series, row: number): number {
  if (spans === undefined) return fileRows[row]!;
  return spans.fileRows[Math.max(0, lowerBound(spans.rowOf, row + 1) - 1)]!;
}

/** An event of a series in rows of its file. */
function locate(event: AnomalyEvent, series: Series, dataset: Dataset): FileEvent {
  const file = dataset.files[series.fileIndex]!;
  const end = lastFileRow(series, event.end);
  const startTime = file.time?.text[series.fileRows[event.start]!];
  const endTime = file.time?.text[end];
  return {
    ...event,
    file: series.file,
    ...(series.group === undefined ? {} : { group: series.group }),
    start: file.firstRow + series.fileRows[event.start]!,
    end: file.firstRow + end,
    peak: file.firstRow + series.fileRows[event.peak]!,
    ...(startTime === undefined || endTime === undefined ? {} : { startTime, endTime }),
  };
}
