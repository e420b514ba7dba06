/** What scoring needs of a model, made ready once: when a version is loaded, or when training has fitted a scaler. */
import { InputError } from "../errors.js";
import { type Calendar, CalendarInputs } from "./calendar.js";
import { LOSSES, type Loss } from "./losses.js";
import {
  type ErrorKind,
  errorOfLoss,
  FLOAT32_MAX,
  LINEAR_HEAD,
  MAIN_HEADS,
  ResidualSums,
  type ScoredHead,
} from "./residuals.js";
import { type Scaler, WindowScaler } from "./scaler.js";
import type { Scorer, ScorerContext, ScoringShape, WindowScorer } from "./scorers/scorer.js";
import { type FittedScorers, SCORERS, type ScorerName } from "./scorers/scorers.js";
import { WindowResiduals } from "./window-residuals.js";

/** What `prepareScoring` takes; a manifest has all of it but `fitted`. */
export interface ScoringDescription extends ScoringShape {
  readonly scaler: Scaler;
  /** Scaled readings are clipped to [-clip, clip]; null for none (then float32 is the limit). */
  readonly clip: number | null;
  /** Least share of readings present for a verdict. */
  readonly minCoverage: number;
  /** "mse" where it is left out. */
  readonly loss?: Loss;
  /** What the network reads of the time of a row; undefined for nothing. */
  readonly calendar?: Calendar | undefined;
  /** The parameters of the scorers that learn some. A scorer without its parameters cannot be used. */
  readonly fitted?: FittedScorers;
}

/** A scorer ready for a model's windows. */
export interface PreparedScorer {
  readonly scorer: Scorer;
  /** Of the errors that it reads. */
  readonly error: ErrorKind;
  readonly window: WindowScorer;
}

/** The sums of one window: of its main head, of the other heads, and of a linear one. */
interface HeadSums {
  readonly main: ResidualSums;
  readonly others: ResidualSums;
  readonly linear: ResidualSums;
}

/**
 * A model as `prepareWindows`, `scoreWindows` and `unscaleHead` use it. It holds working memory that each of them
 * overwrites, so two threads never share one.
 */
export class ScoringModel implements ScoringDescription {
  readonly timesteps: number;
  readonly features: number;
  readonly heads: readonly ScoredHead[];
  readonly scaler: Scaler;
  readonly clip: number | null;
  readonly minCoverage: number;
  readonly loss: Loss;
  readonly fitted: FittedScorers;
  readonly calendar: Calendar | undefined;
  readonly calendarInputs: CalendarInputs | undefined;
  /** The kind of error that training made small: that of the errors in answers. */
  readonly error: ErrorKind;
  /** The index of the head whose errors answers show by timestep and feature; -1 for none. */
  readonly mainHead: number;
  /** The index of the linear head; -1 for none. */
  readonly linearHead: number;
  /** Whether there are more heads than these. */
  readonly hasSeveralHeads: boolean;
  readonly sums: Readonly<Record<ErrorKind, HeadSums>>;
  readonly windowScaler: WindowScaler;
  readonly residuals: WindowResiduals;
  readonly #scorers = new Map<string, PreparedScorer>();

  /** @throws InputError where the parameters of a scorer do not fit the model, or there is no such time zone. */
  constructor(description: ScoringDescription, scorers: readonly Scorer[]) {
    const { timesteps, features, heads, scaler, clip, minCoverage } = description;
    this.timesteps = timesteps;
    this.features = features;
    this.heads = heads;
    this.mainHead =
      MAIN_HEADS.map((main) => heads.findIndex(({ name }) => name === main)).find((h) => h >= 0) ?? -1;
    this.linearHead = heads.findIndex(({ name }) => name === LINEAR_HEAD);
    this.hasSeveralHeads = heads.some((_, h) => h !== this.mainHead && h !== this.linearHead);
    this.scaler = scaler;
    this.clip = clip;
    this.minCoverage = minCoverage;
    this.loss = description.loss ?? LOSSES[0];
    this.error = errorOfLoss(this.loss);
    this.fitted = description.fitted ?? new Map();
    this.calendar = description.calendar;
    this.calendarInputs = this.calendar && new CalendarInputs(this.calendar);
    this.windowScaler = new WindowScaler(scaler, timesteps, Math.min(clip ?? FLOAT32_MAX, FLOAT32_MAX));
    this.residuals = new WindowResiduals(this);
    const sums = (error: ErrorKind) => new ResidualSums(timesteps, features, error);
    const sumsOf = (error: ErrorKind) => ({ main: sums(error), others: sums(error), linear: sums(error) });
    this.sums = { squared: sumsOf("squared"), absolute: sumsOf("absolute") };
    for (const scorer of scorers) {
      if (!suits(scorer, this)) continue;
      const context = contextOf(scorer, this);
      const parameters = parametersOf(scorer, context, this.fitted);
      if (parameters === undefined) continue;
      const window = scorer.create(context, parameters);
      this.#scorers.set(scorer.name, { scorer, error: context.error, window });
    }
  }

  /**
   * Whether the model can be scored with a scorer: false where the scorer learns parameters and has none here, or needs
   * a head that the model lacks.
   */
  has(name: ScorerName): boolean {
    return this.#scorers.has(name);
  }

  /** @throws Error where there is no such scorer, or its parameters are missing: a caller asks for what there is. */
  scorer(name: ScorerName): PreparedScorer {
    const scorer = this.#scorers.get(name);
    if (scorer === undefined) throw new Error(`The scorer ${name} is not fitted for this model.`);
    return scorer;
  }
}

/** Makes a model ready to score. @throws InputError where the parameters of a scorer do not fit the model. */
export function prepareScoring(
  description: ScoringDescription,
  scorers: readonly Scorer[] = SCORERS,
): ScoringModel {
  return new ScoringModel(description, scorers);
}

/** Whether a model has the head that a scorer needs. */
export function suits({ needsHead }: Scorer, { heads }: Pick<ScoringShape, "heads">): boolean {
  return needsHead === undefined || heads.some(({ name }) => name === needsHead);
}

/** What a scorer may know of the model that it is fitted to, or made ready for. */
export function contextOf({ error }: Scorer, model: ScoringShape & { readonly loss: Loss }): ScorerContext {
  const { timesteps, features, heads, loss } = model;
  return { timesteps, features, heads, error: error === "loss" ? errorOfLoss(loss) : error };
}

/**
 * The parameters of a scorer; empty for one that learns nothing, undefined where they are missing. @throws InputError
 * where there are too few or too many, or the scorer refuses them.
 */
function parametersOf(
  { name, parameters }: Scorer,
  context: ScorerContext,
  fitted: FittedScorers,
): Float64Array | undefined {
  if (parameters === undefined) return new Float64Array(0);
  const own = fitted.get(name as ScorerName);
  if (own === undefined) return undefined;
  const count = parameters.count(context);
  if (own.length !== count) {
    throw new InputError(`The scorer ${name} has ${own.length} parameters; this model needs ${count}.`);
  }
  const problem = parameters.check(own, context);
  if (problem !== undefined)
    throw new InputError(`The parameters of the scorer ${name} are wrong: ${problem}.`);
  return own;
}
