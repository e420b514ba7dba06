/** How a version does on rows that it did not learn from: what two versions are compared by. */
import type { Dataset, Series } from "../data/dataset.js";
import { countEvents, eventsOf } from "../evaluation/event-figures.js";
import type { Golden } from "../registry/golden.js";
import type { ServedModel } from "../registry/served-model.js";
import { errorOfLoss } from "../scoring/residuals.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { joinRows, prepareReadings, scoreWindows } from "../scoring/window-scoring.js";
import { windowStarts } from "../scoring/windows.js";
import { type DatasetScores, scoreDataset } from "../serving/dataset-scoring.js";
import { scoreSeries } from "../training/series-scoring.js";

/** The median of some numbers, and what 95 % and 99 % of them are at most; null where there is none. */
export interface Quantiles {
  readonly median: number | null;
  readonly upper: number | null;
  readonly top: number | null;
}

export interface VersionFigures {
  /** A row is flagged above this score; null for a version without a threshold. */
  readonly threshold: number | null;
  /** Rows held out that have a score and no fault within a window of them. */
  readonly rows: number;
  /** Of these rows' scores: by the version's own scorer, so in other units than another version's. */
  readonly scores: Quantiles;
  /** The share of these rows that is flagged; null without a threshold. */
  readonly flagged: number | null;
  /** Of windows of these rows: the mean error over features, in the scaled units of the version that is live. */
  readonly errors: Quantiles;
  /** Series held out that are long enough to tell drift, those whose level moved, and the smallest p-value. */
  readonly drift: { readonly series: number; readonly moved: number; readonly pValue: number | null };
  /** Golden windows of the version that is live, and those of them that are flagged. */
  readonly golden: { readonly windows: number; readonly flagged: number };
  /** Faults in all rows, and those that an event overlaps; null where no row is labelled or excluded. */
  readonly faults: { readonly labelled: number; readonly found: number } | null;
}

/** What versions are measured on. */
export interface RenewalTrial {
  readonly heldOut: Dataset;
  /** All rows: faults are learnt from by neither version, wherever they are. */
  readonly whole: Dataset;
  /** The version that is live: its units are those of `errors`. */
  readonly live: ScoringModel;
  readonly golden: Golden;
}

/**
 * Measures one version.
 *
 * @throws InputError where the model reads the calendar, and rows have no times.
 */
export async function measureVersion(model: ServedModel, trial: RenewalTrial): Promise<VersionFigures> {
  const { manifest } = model;
  const scores: number[] = [];
  const errors: number[] = [];
  let threshold: number | null = null;
  let flagged = 0;
  const drift = { series: 0, moved: 0, pValue: null as number | null };
  for (const series of trial.heldOut.series) {
    const judged = await scoreAlone(model, trial.heldOut, series, false);
    threshold = judged.threshold?.value ?? null;
    const near = nearFaults(series, manifest.timesteps);
    judged.files[0]!.score.forEach((score, row) => {
      if (near[row] === 1 || Number.isNaN(score)) return;
      scores.push(score);
      if (judged.files[0]!.anomalous[row] === 1) flagged++;
    });
    for (const { moved, pValue } of judged.drift) {
      drift.series++;
      if (moved) drift.moved++;
      drift.pValue = Math.min(drift.pValue ?? 1, pValue);
    }
    for (const error of await windowErrors(model, trial, series)) errors.push(error);
  }
  return {
    threshold,
    rows: scores.length,
    scores: quantilesOf(scores),
    flagged: threshold === null || scores.length === 0 ? null : flagged / scores.length,
    errors: quantilesOf(errors),
    drift,
    golden: await judgeGolden(model, trial),
    faults: await findFaults(model, trial.whole),
  };
}

/** Scores one series as the only one of a file that has its rows and no others, so that rows of both are the same. */
function scoreAlone(
  model: ServedModel,
  dataset: Dataset,
  series: Series,
  withEvents: boolean,
): Promise<DatasetScores> {
  const file = { ...dataset.files[series.fileIndex]!, rows: series.rows, firstRow: 0, time: undefined };
  const own = {
    ...series,
    fileIndex: 0,
    fileRows: Int32Array.from({ length: series.rows }, (_, row) => row),
    spans: undefined,
  };
  return scoreDataset(model, { ...dataset, files: [file], series: [own] }, { stride: 1, withEvents });
}

/** [rows]: 1 where a window holds both the row and a fault. */
function nearFaults({ rows, anomalous }: Series, timesteps: number): Uint8Array {
  const near = new Uint8Array(rows);
  anomalous?.forEach((label, row) => {
    if (label === 1) near.fill(1, Math.max(0, row - timesteps + 1), row + timesteps);
  });
  return near;
}

/** The errors of windows without a fault, with every feature's residual brought to the live version's scale. */
async function windowErrors(
  { executable, scoring }: ServedModel,
  { heldOut, live }: RenewalTrial,
  series: Series,
): Promise<number[]> {
  const { timesteps, features, loss } = scoring;
  const near = nearFaults(series, timesteps);
  const bounds = { timestampsMs: series.timestampsMs, maxGapMs: heldOut.maxGapMs };
  const starts = windowStarts(series.rows, timesteps, 1, bounds).filter((start) => near[start] !== 1);
  const error = errorOfLoss(loss);
  const scored = await scoreSeries(executable, scoring, [error], series, starts, {
    withFeatureError: true,
  });
  const factors = Array.from({ length: features }, (_, feature) => {
    const factor = scoring.scaler.scale[feature]! / live.scaler.scale[feature]!;
    return error === "squared" ? factor ** 2 : factor;
  });
  return Array.from(starts, (_, window) => {
    let sum = 0;
    let count = 0;
    factors.forEach((factor, feature) => {
      const own = scored.featureError![window * features + feature]!;
      if (Number.isNaN(own)) return;
      sum += own * factor;
      count++;
    });
    return sum / count;
  }).filter((mean) => !Number.isNaN(mean));
}

/** Windows that were normal when the live version was made. */
async function judgeGolden(
  { executable, scoring, manifest }: ServedModel,
  { live, golden }: RenewalTrial,
): Promise<VersionFigures["golden"]> {
  const { scale, offset } = live.scaler;
  const { features } = live;
  const width = golden.windows.length / (golden.count * live.timesteps);
  const covariates = golden.windows.filter((_, i) => i % width >= features);
  const scaled = golden.windows.filter((_, i) => i % width < features);
  const readings = Float64Array.from(scaled, (value, i) => {
    return value * scale[i % features]! + offset[i % features]!;
  });
  const prepared = prepareReadings(scoring, readings, golden.count);
  // Both versions read the same calendar, whose numbers are not scaled.
  const inputs =
    scoring.calendar === undefined
      ? prepared.scaled
      : joinRows(prepared.scaled, covariates, golden.count * live.timesteps);
  const outputs = await executable.run(inputs, golden.count);
  const { score } = scoreWindows(scoring, manifest.scorers[0]!, prepared, outputs);
  const limit = manifest.threshold?.value ?? Number.POSITIVE_INFINITY;
  return { windows: golden.count, flagged: score.filter((own) => own > limit).length };
}

async function findFaults(model: ServedModel, whole: Dataset): Promise<VersionFigures["faults"]> {
  let labelled = 0;
  let found = 0;
  for (const series of whole.series) {
    const faults = eventsOf(series.anomalous ?? []);
    if (faults.length === 0) continue;
    const { events } = await scoreAlone(model, whole, series, true);
    labelled += faults.length;
    found += countEvents(faults, events).found;
  }
  return labelled === 0 ? null : { labelled, found };
}

function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { median: at(0.5), upper: at(0.95), top: at(0.99) };
}
