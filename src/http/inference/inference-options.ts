import type { Logger } from "pino";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import type { BodyBudget } from "../body-budget.js";
import type { BodyReader } from "../body-reader.js";
import type { LiveModels } from "../live-models.js";

/** What the routes of the Open Inference Protocol work with. */
export interface InferenceOptions {
  /** The program's version. */
  readonly version: string;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly bodies: BodyReader;
  readonly budget: BodyBudget;
  readonly bodyLimitBytes: number;
}
