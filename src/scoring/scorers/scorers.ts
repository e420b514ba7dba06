/** Every scorer there is. A new one is a file of this folder, a line in this list, and a test of its own. */
import { absoluteScorer } from "./absolute.js";
import { combinedScorer } from "./combined.js";
import type { Scorer } from "./scorer.js";
import { squaredScorer } from "./squared.js";

/** In the order in which a model offers them, after its default. Files know a scorer by its `id`, not by its place. */
const LIST = [squaredScorer, absoluteScorer, combinedScorer] as const satisfies readonly Scorer[];

export type ScorerName = (typeof LIST)[number]["name"];

export const SCORERS: readonly (Scorer & { readonly name: ScorerName })[] = LIST;
export const SCORER_NAMES: readonly ScorerName[] = LIST.map(({ name }) => name);

/** What the scorers of a model have learnt: those that learn nothing are not in it. */
export type FittedScorers = ReadonlyMap<ScorerName, Float64Array>;
