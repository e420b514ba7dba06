/** Scores a whole series with an executable: cut into windows, scored, and stitched to one score for each timestep. */
import type { Series } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { ScoredBatch } from "../scoring/contributions.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import { boundSpoilt } from "../scoring/spoilt-errors.js";
import { Stitcher, stitchScores } from "../scoring/stitcher.js";
import { prepareWindows, type ScoringModel, scoreWindows } from "../scoring/window-scoring.js";

/** Windows in one run of the engine: enough to keep it busy, few enough to fit in memory. */
const CHUNK_WINDOWS = 512;

/** The scores of one scorer. */
export interface SeriesScores {
  /** [starts.length]; NaN where a window has no reading that counts. */
  readonly windows: Float64Array;
  /** [rows]: the mean score of the windows that cover each row; NaN where none does. */
  readonly timesteps: Float64Array;
  /** [rows]: the mean timestep error of the windows that cover each row; NaN where none has one. */
  readonly errors: Float64Array;
}

/** What `scoreSeries` gives. */
export interface ScoredSeries {
  readonly scores: Readonly<Partial<Record<ScorerName, SeriesScores>>>;
  /** [rows]: the mean coverage of the windows that cover each row; NaN where none does. */
  readonly coverage: Float64Array;
  /** [starts.length, F]: the errors of windows by feature; undefined where they were not asked for. */
  readonly featureError: Float64Array | undefined;
}

/** Called with a series that was scored, with the errors by feature. @param starts the first row of each window. */
export type OnScored = (series: Series, starts: Int32Array, scored: ScoredSeries) => void;

export interface ScoreSeriesOptions {
  readonly withFeatureError?: boolean;
  /** Of normal timestep errors: those that a huge error of the same window spoils are bounded, as for the edges of events. */
  readonly errorLimit?: number | undefined;
  /** Called with the windows of each run of the engine, in order, and the scores of the first scorer. */
  readonly onBatch?: ((batch: ScoredBatch) => void) | undefined;
  readonly onWindows?: ((done: number) => void) | undefined;
}

/** The rows of a series. Times are needed where the model has calendar inputs. */
export type ScoredRows = Pick<Series, "values" | "timestampsMs">;

/**
 * Scores every window with each scorer, and stitches the scores of windows to scores of timesteps.
 *
 * @param series its values are [rows, F] in the caller's units, NaN where a reading is missing.
 * @param starts the first row of each window, increasing.
 */
export async function scoreSeries(
  executable: Executable,
  model: ScoringModel,
  scorers: readonly ScorerName[],
  { values, timestampsMs }: ScoredRows,
  starts: Int32Array,
  options: ScoreSeriesOptions = {},
): Promise<ScoredSeries> {
  const { features, timesteps } = model;
  const rows = values.length / features;
  const byScorer = new Map(
    scorers.map((scorer) => [
      scorer,
      { windows: new Float64Array(starts.length), errors: new Stitcher(timesteps) },
    ]),
  );
  const windowCoverage = new Float64Array(starts.length);
  const featureError =
    options.withFeatureError === true ? new Float64Array(starts.length * features) : undefined;
  for (let from = 0; from < starts.length; from += CHUNK_WINDOWS) {
    const chunk = starts.subarray(from, from + CHUNK_WINDOWS);
    const prepared = prepareWindows(model, values, chunk.length, undefined, chunk, timestampsMs);
    const outputs = await executable.run(prepared.inputs, chunk.length);
    for (const [scorer, own] of byScorer) {
      const scores = scoreWindows(model, scorer, prepared, outputs);
      own.windows.set(scores.score, from);
      const { errorLimit: limit } = options;
      const errors = scores.timestepError;
      own.errors.addTimesteps(
        limit === undefined ? errors : boundSpoilt(errors, timesteps, model.error, limit),
        chunk,
      );
      if (scorer !== scorers[0]) continue;
      featureError?.set(scores.featureError, from * features);
      options.onBatch?.({ prepared, outputs, scores });
    }
    windowCoverage.set(prepared.coverage, from);
    options.onWindows?.(from + chunk.length);
  }
  return {
    scores: Object.fromEntries(
      [...byScorer].map(([scorer, { windows, errors }]) => [
        scorer,
        { windows, timesteps: stitchScores(windows, starts, timesteps, rows), errors: errors.settle(rows) },
      ]),
    ),
    coverage: stitchScores(windowCoverage, starts, timesteps, rows),
    featureError,
  };
}
