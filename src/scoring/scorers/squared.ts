/** The mean of squared residuals: what a model trained on mean squared error minimises. */
import { createMeanErrorScorer } from "./mean-error.js";
import type { Scorer } from "./scorer.js";

export const squaredScorer = {
  name: "squared",
  id: 0,
  error: "squared",
  readsResiduals: false,
  parameters: undefined,
  create: createMeanErrorScorer,
} as const satisfies Scorer;
