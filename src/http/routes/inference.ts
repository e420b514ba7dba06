/** The Open Inference Protocol, version 2, over REST: what KServe's, Triton's and MLServer's clients speak. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Logger } from "pino";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import type { BodyReader } from "../body-reader.js";
import type { LiveModels } from "../live-models.js";
import { logFailure } from "../plugins/errors.js";
import { errorHeaders, toResiduaError } from "../problem.js";
import { inferRoutes } from "./infer.js";
import { inferenceModelRoutes } from "./inference-models.js";

export interface InferenceOptions {
  /** Of the program. */
  readonly version: string;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly bodies: BodyReader;
  readonly bodyLimitBytes: number;
}

/** To be registered under /v2. Errors are `{"error": ...}` here, with the statuses of the native routes. */
export const inferenceRoutes: FastifyPluginAsyncTypebox<InferenceOptions> = async (app, options) => {
  const { log, bodyLimitBytes } = options;
  app.setErrorHandler((thrown, request, reply) => {
    const error = toResiduaError(thrown, bodyLimitBytes);
    logFailure(log, error, request);
    reply.code(error.status).headers(errorHeaders(error)).send({ error: error.message });
  });
  app.setNotFoundHandler(app.refuseUnknownRoute);
  await app.register(inferenceModelRoutes, { ...options, prefix: "" });
  await app.register(inferRoutes, { ...options, prefix: "" });
};
