/**
 * The Open Inference Protocol, version 2, over REST: what the clients of KServe, Triton and MLServer speak.
 */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { InferenceOptions } from "../inference/inference-options.js";
import { errorHandler } from "../plugins/errors.js";
import { errorHeaders } from "../problem.js";
import { inferRoutes } from "./infer.js";
import { inferenceModelRoutes } from "./inference-models.js";

/** Registered under /v2. Errors are `{"error": ...}` here, with the statuses of the native routes. */
export const inferenceRoutes: FastifyPluginAsyncTypebox<InferenceOptions> = async (app, options) => {
  app.setErrorHandler(
    errorHandler(options, (reply, error) => {
      reply.code(error.status).headers(errorHeaders(error)).send({ error: error.message });
    }),
  );
  app.setNotFoundHandler(app.refuseUnknownRoute);
  await app.register(inferenceModelRoutes, { ...options, prefix: "" });
  await app.register(inferRoutes, { ...options, prefix: "" });
};
