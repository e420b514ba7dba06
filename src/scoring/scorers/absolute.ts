/** The mean of absolute residuals: what a model trained on mean absolute error minimises. */
import { createMeanErrorScorer } from "./mean-error.js";
import type { Scorer } from "./scorer.js";

export const absoluteScorer = {
  name: "absolute",
  id: 1,
  error: "absolute",
  readsResiduals: false,
  parameters: undefined,
  create: createMeanErrorScorer,
} as const satisfies Scorer;
