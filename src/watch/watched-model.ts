/** Whether what is asked for fits the model that is watched. */
import { InputError } from "../errors.js";
import type { FeatureQuery } from "./prometheus-source.js";
import type { WatchedModel } from "./service-client.js";

/** One query for each feature, in the model's order. @throws InputError, with both lists, where they do not fit. */
export function inModelOrder(
  model: string,
  { features }: WatchedModel,
  queries: readonly FeatureQuery[],
): FeatureQuery[] {
  const byName = new Map(queries.map((one) => [one.feature, one]));
  const ordered = features.flatMap((name) => byName.get(name) ?? []);
  if (ordered.length === features.length && queries.length === features.length) return ordered;
  const named = queries.map(({ feature }) => feature).join(", ");
  throw new InputError(
    `Each feature of model "${model}" needs one --query: it has ${features.join(", ")}; there are queries for ${named}.`,
  );
}

/**
 * The time from row to row in ms, and a sentence where it is not that of the training data.
 *
 * @param asked undefined: as in the training data.
 * @throws InputError where the model cannot be watched, or nobody knows its step.
 */
export function stepOf(
  model: string,
  { stepMs: trained, isResampled }: WatchedModel,
  asked: number | undefined,
): { stepMs: number; note: string | undefined } {
  if (isResampled) {
    throw new InputError(
      `Model "${model}" resamples its rows, of which there is no stream: train it without --resample, and let --query aggregate.`,
    );
  }
  const stepMs = asked ?? trained;
  if (stepMs === undefined || !Number.isInteger(stepMs) || stepMs < 1) {
    throw new InputError(
      `What model "${model}" was trained on has no usual time from row to row: name it with --step.`,
    );
  }
  const isOther = trained !== undefined && stepMs !== trained;
  const note = isOther
    ? `The model was trained on rows every ${trained / 1000} s, not ${stepMs / 1000} s.`
    : undefined;
  return { stepMs, note };
}
