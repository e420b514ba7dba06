/** What a report shows of one series: so few points that a million rows give a small file. */
import { type LinePoints, linePoints, MinMaxSeries } from "../charts/min-max.js";
import type { Series } from "../data/dataset.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { stitchScores } from "../scoring/stitcher.js";
import { flaggedRuns } from "../scoring/windows.js";
import type { ScoredSeries } from "../training/series-scoring.js";
import type { Heat } from "./heat-picture.js";
import { COLUMNS } from "./line-picture.js";

/** Features whose readings are drawn: those with the largest errors. */
const MOST_FEATURES = 6;

/** Rows, from and to (excluded). */
export type Band = readonly [from: number, to: number];

export interface SeriesLook {
  readonly name: string;
  readonly rows: number;
  readonly timestampsMs: Float64Array | undefined;
  /** Those that are drawn. */
  readonly readings: readonly { readonly name: string; readonly points: LinePoints }[];
  readonly score: LinePoints;
  readonly heat: Heat;
  /** A row is anomalous above it. */
  readonly threshold: number | undefined;
  readonly events: readonly Band[];
  /** Rows that the data say are anomalous. */
  readonly labels: readonly Band[];
}

/** What a series was scored from, and by. */
export interface Looking {
  /** [F]: their names. */
  readonly features: readonly string[];
  readonly series: Series;
  /** The first row of each window, increasing. */
  readonly starts: Int32Array;
  readonly scoring: Pick<ScoringModel, "timesteps">;
  readonly scorer: ScorerName;
  readonly threshold: number | undefined;
}

/**
 * Keeps what pictures of a scored series show.
 *
 * @param scored with the errors by feature.
 * @param events bands of them; where they are not given, the runs of rows above the threshold.
 */
export function lookAtScored(scored: ScoredSeries, looking: Looking, events?: readonly Band[]): SeriesLook {
  const { features, series, starts, scorer, scoring, threshold } = looking;
  const { rows, values } = series;
  const score = scored.scores[scorer]!.timesteps;
  const heat = gatherHeat(scored.featureError!, features, starts, scoring.timesteps, rows);
  const above = Uint8Array.from(score, (own) => (threshold !== undefined && own > threshold ? 1 : 0));
  return {
    name: series.group === undefined ? series.file : `${series.file}, ${series.group}`,
    rows,
    timestampsMs: series.timestampsMs,
    readings: largestErrors(heat).map((feature) => ({
      name: features[feature]!,
      points: pointsOf(
        Float64Array.from({ length: rows }, (_, row) => values[row * features.length + feature]!),
      ),
    })),
    score: pointsOf(score),
    heat,
    threshold,
    events: events ?? bandsOf(above),
    labels: series.anomalous === undefined ? [] : bandsOf(series.anomalous),
  };
}

/** The points of a line through all rows. */
export function pointsOf(values: Float64Array): LinePoints {
  return linePoints(new MinMaxSeries(values), 0, values.length, COLUMNS);
}

/** The runs of rows that are 1. */
export function bandsOf(flags: Uint8Array): Band[] {
  return flaggedRuns(flags).map(({ start, end }): Band => [start, end]);
}

/** One feature after the other, so that only one column of all rows is in memory. */
function gatherHeat(
  featureError: Float64Array,
  features: readonly string[],
  starts: Int32Array,
  timesteps: number,
  rows: number,
): Heat {
  const columns = Math.min(rows, COLUMNS);
  const errors = new Float64Array(features.length * columns);
  for (let feature = 0; feature < features.length; feature++) {
    const own = Float64Array.from(starts, (_, window) => featureError[window * features.length + feature]!);
    const stitched = stitchScores(own, starts, timesteps, rows);
    errors.set(new MinMaxSeries(stitched).columns(0, rows, columns).max, feature * columns);
  }
  return { features, columns, errors };
}

/** The features whose errors are largest, in the order of the model. */
function largestErrors({ features, columns, errors }: Heat): number[] {
  const peaks = features.map((_, feature) =>
    errors
      .subarray(feature * columns, (feature + 1) * columns)
      .reduce((most, error) => (error > most ? error : most), 0),
  );
  return features
    .map((_, feature) => feature)
    .sort((a, b) => peaks[b]! - peaks[a]!)
    .slice(0, MOST_FEATURES)
    .sort((a, b) => a - b);
}
