/** Fits the scorers that learn from normal windows. */
import { InputError } from "../errors.js";
import type { NetworkOutputs, PreparedWindows } from "./network-windows.js";
import { type ErrorKind, meanError } from "./residuals.js";
import type { Scorer, ScorerFit } from "./scorers/scorer.js";
import { type FittedScorers, SCORERS, type ScorerName } from "./scorers/scorers.js";
import { contextOf, type ScoringModel, suits } from "./scoring-model.js";
import { measureErrors } from "./window-errors.js";

interface Fitting {
  readonly name: string;
  readonly error: ErrorKind;
  readonly fit: ScorerFit;
}

/** Collects normal windows for the scorers that learn; every one of them sees each window once. */
export class ScorerFitting {
  readonly #model: ScoringModel;
  readonly #fittings: readonly Fitting[];

  constructor(model: ScoringModel, scorers: readonly Scorer[] = SCORERS) {
    this.#model = model;
    this.#fittings = scorers.flatMap((scorer) => {
      const { name, parameters } = scorer;
      if (parameters === undefined || !suits(scorer, model)) return [];
      const context = contextOf(scorer, model);
      return [{ name, error: context.error, fit: parameters.fit(context) }];
    });
  }

  /** Whether there is nothing to fit, so that no window need be run. */
  get isEmpty(): boolean {
    return this.#fittings.length === 0;
  }

  /**
   * Takes normal windows. A saturated window, or one without a reading, teaches nothing.
   *
   * @param outputs the network's answers to all windows of `prepared`.
   * @param model where the windows are of another model than the first, of the same shape and loss.
   */
  add(prepared: PreparedWindows, outputs: NetworkOutputs, model: ScoringModel = this.#model): void {
    const { residuals } = model;
    for (const { error, fit } of this.#fittings) {
      const { pooledError, headErrors, saturated } = measureErrors(model, error, prepared, outputs);
      for (let index = 0; index < prepared.count; index++) {
        const mean = meanError(pooledError, index, model.timesteps);
        if (saturated[index] === 1 || Number.isNaN(mean)) continue;
        residuals.fill(prepared, index, outputs.heads, index);
        const errors = { timestepError: pooledError, headErrors, residuals: residuals.heads };
        fit.add({ index, meanError: mean, ...errors });
      }
    }
  }

  /**
   * The parameters of every scorer that learns, for `prepareScoring`.
   *
   * @throws InputError where the windows are too few for a scorer, or their residuals do not fit in a float64.
   */
  finish(): FittedScorers {
    return new Map(
      this.#fittings.map(({ name, fit }) => {
        const parameters = fit.finish();
        if (!parameters.every(Number.isFinite)) {
          throw new InputError(`The scorer ${name} learns a number that is not finite from these windows.`);
        }
        return [name as ScorerName, parameters];
      }),
    );
  }
}
