/** Deletes a version. Every replica on the folder of models follows. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { JobQueue } from "../../jobs/job-queue.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";

export interface DeletionOptions {
  readonly models: LiveModels;
  readonly queue: JobQueue;
}

/** Registered only where an admin token is set. */
export const deletionRoutes: FastifyPluginCallbackTypebox<DeletionOptions> = (app, options, done) => {
  const { models, queue } = options;
  app.delete(
    "/v1/models/:name/versions/:version",
    {
      onRequest: app.requireAdmin,
      schema: {
        operationId: "deleteVersion",
        summary:
          "Deletes a version; requests that are under way on it are answered, and its number is never used again",
        tags: ["models"],
        security: [{ bearer: [] }],
        params: Type.Object({ name: Type.String(), version: Type.String() }),
        response: {
          204: Type.Null({ description: "It is gone" }),
          401: problemResponse("UNAUTHORIZED"),
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND"),
          409: problemResponse("CONFLICT: an alias names it, a job uses it, or the store is read-only"),
          503: problemResponse("MODEL_NOT_READY, STORE_UNAVAILABLE, JOBS_UNAVAILABLE, SHUTTING_DOWN"),
        },
      },
    },
    async ({ params: { name, version } }, reply) => {
      await queue.checkUnused(name, version);
      await models.registry.deleteVersion(name, version);
      return reply.code(204).send(null);
    },
  );
  done();
};
