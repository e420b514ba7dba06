/** A request body that works, for each model. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { ModelParamsSchema, VersionQuerySchema } from "../score-schema.js";

export interface SampleOptions {
  readonly models: LiveModels;
}

export const sampleRoutes: FastifyPluginCallbackTypebox<SampleOptions> = (app, { models }, done) => {
  app.get(
    "/v1/models/:name/sample",
    {
      schema: {
        operationId: "getSample",
        summary: "A request body with real windows",
        tags: ["models"],
        params: ModelParamsSchema,
        querystring: VersionQuerySchema,
        response: {
          200: Type.Object({}, { additionalProperties: true }),
          400: problemResponse("INVALID_REQUEST"),
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
          503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN"),
        },
      },
    },
    ({ params, query }, reply) => {
      const lease = models.acquire(params.name, query);
      const { sample } = lease.model;
      lease.release();
      // As it is in the bundle: to write a large one anew would hold up others.
      return reply.type("application/json; charset=utf-8").send(sample);
    },
  );
  done();
};
