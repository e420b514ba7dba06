/** What a request may ask for of a series beside scores: values for each timestep and feature, stitched from windows. */
import { boundError, errorOf, FLOAT32_MAX } from "../scoring/residuals.js";
import { RowStitcher } from "../scoring/row-stitcher.js";
import type { Bounds } from "../scoring/scorers/scorer.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { PreparedWindows, ScoringModel } from "../scoring/window-scoring.js";
import type { ScoredWindows, SeriesPartValues } from "./score-result.js";

interface StitchedHead {
  readonly index: number;
  readonly values: Float32Array;
  readonly stitcher: RowStitcher;
}

/** The names of the parts; heads are asked for by their own names. */
export const FEATURE_ERROR = "featureError";
export const BOUNDS = "bounds";

export class SeriesParts {
  readonly values: SeriesPartValues;
  readonly #model: ScoringModel;
  readonly #scorer: ScorerName;
  readonly #threshold: number | undefined;
  readonly #heads: readonly StitchedHead[];
  readonly #errors: RowStitcher | undefined;
  #settledRows = 0;

  /**
   * @param threshold of the series, which bounds come from.
   * @param asked the parts.
   */
  constructor(
    model: ScoringModel,
    { scorer, threshold }: { readonly scorer: ScorerName; readonly threshold: number | undefined },
    rows: number,
    asked: ReadonlySet<string>,
  ) {
    this.#model = model;
    this.#scorer = scorer;
    this.#threshold = threshold;
    const { features, heads } = model;
    const matrix = (): Float32Array => new Float32Array(rows * features);
    const canBound = model.mainHead >= 0 && model.scorer(scorer).window.bounds !== undefined;
    const hasBounds = asked.has(BOUNDS) && threshold !== undefined && canBound;
    const needed = heads.flatMap(({ name }, index) =>
      asked.has(name) || hasBounds ? [{ name, index }] : [],
    );
    const stitched = needed.map(({ name, index }) => {
      const head = { index, values: matrix(), stitcher: new RowStitcher(features) };
      return [name, head] as const;
    });
    this.#heads = stitched.map(([, head]) => head);
    this.#errors = asked.has(FEATURE_ERROR) && model.mainHead >= 0 ? new RowStitcher(features) : undefined;
    this.values = {
      featureError: this.#errors === undefined ? undefined : matrix(),
      heads: new Map(stitched.map(([name, { values }]) => [name, values])),
      bounds: hasBounds ? { lower: matrix(), upper: matrix() } : undefined,
    };
  }

  /** How many values there are for each reading. */
  get count(): number {
    const bounds = this.values.bounds === undefined ? 0 : 2;
    return this.#heads.length + bounds + (this.#errors === undefined ? 0 : 1);
  }

  /**
   * Adds the next windows.
   *
   * @param starts the first row of each.
   */
  add(prepared: PreparedWindows, { outputs }: ScoredWindows, starts: ArrayLike<number>): void {
    for (const { index, stitcher } of this.#heads) {
      stitcher.add(outputs.heads[index]!, starts, this.#model.heads[index]!);
    }
    if (this.#errors === undefined) return;
    const { start, steps } = this.#model.heads[this.#model.mainHead]!;
    const errors = this.#mainErrors(prepared, outputs.heads);
    this.#errors.add(errors, starts, { start, steps, reversed: false });
  }

  /** Settles the rows before `end`: no window added later begins before it. */
  settle(end: number): void {
    for (const { stitcher, values } of this.#heads) stitcher.settle(end, values);
    this.#errors?.settle(end, this.values.featureError!);
    this.#settleBounds(end);
    this.#settledRows = end;
  }

  /** [n, steps, F]: the errors of the readings that the main head answers for. */
  #mainErrors(prepared: PreparedWindows, outputs: readonly Float32Array[]): Float64Array {
    const { mainHead, residuals, error } = this.#model;
    const own = residuals.heads[mainHead]!;
    const errors = new Float64Array(prepared.count * own.length);
    for (let window = 0, at = 0; window < prepared.count; window++) {
      residuals.fill(prepared, window, outputs, window);
      for (let i = 0; i < own.length; i++, at++) errors[at] = boundError(errorOf(own[i]!, error));
    }
    return errors;
  }

  #settleBounds(end: number): void {
    const { bounds, heads } = this.values;
    if (bounds === undefined) return;
    const { features } = this.#model;
    const { window } = this.#model.scorer(this.#scorer);
    const main = heads.get(this.#model.heads[this.#model.mainHead]!.name)!;
    const linear = heads.get("linear");
    const outputs = { reconstruction: 0, linear: Number.NaN };
    const both: Bounds = { lower: Number.NaN, upper: Number.NaN };
    for (let i = this.#settledRows * features; i < end * features; i++) {
      outputs.reconstruction = main[i]!;
      if (linear !== undefined) outputs.linear = linear[i]!;
      window.bounds?.(outputs, this.#threshold!, both);
      bounds.lower[i] = Math.max(both.lower, -FLOAT32_MAX);
      bounds.upper[i] = Math.min(both.upper, FLOAT32_MAX);
    }
  }
}
