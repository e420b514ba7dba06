/**
 * What a scorer is: the way from the residuals of a window to its anomaly score. Each scorer is one file of this
 * folder; docs/adding-a-scorer.md says how to add one.
 */
import type { ErrorKind, ScoredHead } from "../residuals.js";

/** What the windows of a model look like. */
export interface ScoringShape {
  /** T: rows of a window. */
  readonly timesteps: number;
  /** F: readings of a row. */
  readonly features: number;
  readonly heads: readonly ScoredHead[];
}

/** The model that a scorer is made ready for. */
export interface ScorerContext extends ScoringShape {
  /** How residuals become the errors of `ScoredWindow`: what the scorer declares, with "loss" resolved. */
  readonly error: ErrorKind;
}

/**
 * One window as a scorer reads it. The object and its arrays are used again for the next window, so a scorer keeps
 * none of them. Errors are at most FLOAT32_MAX, and NaN where there is no reading to compare.
 */
export interface ScoredWindow {
  /** The window's number n in the arrays `timestepError` and `headErrors`. */
  readonly index: number;
  /** The mean of this window's timestep errors that are not NaN; NaN where all are. */
  readonly meanError: number;
  /** [.., T], over all heads but a linear one: the errors of this window's timesteps begin at `index * T`. */
  readonly timestepError: Float64Array;
  /** By head, [.., steps], in time order: the errors of this window's rows begin at `index * steps`. */
  readonly headErrors: readonly Float64Array[];
  /**
   * By head, [steps, F] in time order, of this window alone: reading - output in scaled units, NaN where the reading
   * is missing. Filled in for `decompose`, for `ScorerFit.add`, and for `score` where the scorer `readsResiduals`.
   */
  readonly residuals: readonly Float64Array[];
}

/** A scorer ready for the windows of one model; it may hold working memory. */
export interface WindowScorer {
  /**
   * The window's score: the larger, the less normal. NaN where no reading counts, otherwise at least 0. A score over
   * FLOAT32_MAX is cut to it by the caller, and an output of the network that is not finite never comes here.
   */
  score(window: ScoredWindow): number;

  /**
   * Splits the window's score into what each reading adds to it. The contributions sum to the score, so that their
   * sums by feature and by timestep do too.
   *
   * @param contributions [T, F], all 0 when called; a missing reading stays 0.
   */
  decompose(window: ScoredWindow, contributions: Float64Array): void;

  /**
   * Between which scaled readings a feature of a timestep lies while the score of that timestep alone is below a
   * threshold: with all other residuals of the timestep 0, those around the reconstruction at which it is reached.
   * Left out by a scorer that cannot say it.
   *
   * @param outputs what the heads gave for the reading, scaled.
   * @param threshold at least 0.
   * @param bounds receives the lower and the upper bound.
   */
  bounds?(outputs: ReadingOutputs, threshold: number, bounds: Bounds): void;
}

/** What the heads gave for one reading, scaled. */
export interface ReadingOutputs {
  /** Of the head `reconstruction`; of `prediction` where there is none. */
  reconstruction: number;
  /** Of the head `linear`; NaN where there is none. */
  linear: number;
}

export interface Bounds {
  lower: number;
  upper: number;
}

/** Collects what a scorer learns from normal windows. */
export interface ScorerFit {
  add(window: ScoredWindow): void;
  /**
   * The parameters, finite numbers.
   *
   * @throws InputError where the windows are too few for them.
   */
  finish(): Float64Array;
}

/** What a scorer learns from normal residuals: a vector, or a matrix row by row. */
export interface ScorerParameters {
  /** How many numbers there are for a model of this shape. */
  count(context: ScorerContext): number;
  fit(context: ScorerContext): ScorerFit;
  /**
   * Says what is wrong with parameters read from a file, without a full stop; undefined where nothing is. They are as
   * many as `count` says, and finite.
   */
  check(parameters: Float64Array, context: ScorerContext): string | undefined;
}

/** One way to score, as scorers/scorers.ts lists it. */
export interface Scorer {
  /** What requests and manifests call it. */
  readonly name: string;
  /**
   * What calibration.bin and scorers.bin call it. A number once published stays this scorer's for ever, also when the
   * scorer is gone: another one would read its calibration.
   */
  readonly id: number;
  /** How residuals become the errors of `ScoredWindow`; "loss": as in the loss of the model, as in answers. */
  readonly error: ErrorKind | "loss";
  /** The head without which a model cannot be scored so; any model can where it is left out. */
  readonly needsHead?: string;
  /** Whether `score` reads `ScoredWindow.residuals`; the others are spared the time to fill them in. */
  readonly readsResiduals: boolean;
  /** What it learns from normal windows; undefined where it learns nothing. */
  readonly parameters: ScorerParameters | undefined;
  /**
   * Makes the scorer ready for a model.
   *
   * @param parameters as many as `parameters.count(context)`; empty for a scorer that learns nothing.
   */
  create(context: ScorerContext, parameters: Float64Array): WindowScorer;
}
