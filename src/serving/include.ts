/** What of a model's answer a request wants. */
import { ResiduaError } from "../errors.js";
import type { Includable, ScorableModel } from "./score-result.js";

const defaults = new WeakMap<ScorableModel, ReadonlySet<Includable>>();

/**
 * What is asked for; by default timestepError and every head of the model. Throws UNSUPPORTED_BY_MODEL for a head
 * that it has not.
 */
export function chooseIncludes(
  model: ScorableModel,
  asked: readonly Includable[] | undefined,
): ReadonlySet<Includable> {
  const heads = model.scoring.heads.map((head) => head.name as Includable);
  if (asked === undefined) {
    let include = defaults.get(model);
    if (include === undefined) {
      include = new Set<Includable>(["timestepError", ...heads]);
      defaults.set(model, include);
    }
    return include;
  }
  const missing = asked.findIndex(
    (name) => (name === "reconstruction" || name === "prediction") && !heads.includes(name),
  );
  if (missing < 0) return new Set(asked);
  throw new ResiduaError(
    "UNSUPPORTED_BY_MODEL",
    `${model.name} ${model.version} has no ${asked[missing]} head; it has ${heads.join(", ")}.`,
    { violations: [{ path: `/include/${missing}`, message: "has to be a head the model has" }] },
  );
}
