/** GET /v1/models/:name/versions/:version/activity: what a version was asked to score. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { Metrics } from "../../serving/metrics.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { DriftSchema } from "../score-response-schema.js";
import { ModelVersionParamsSchema } from "../score-schema.js";

export interface ActivityOptions {
  readonly models: LiveModels;
  readonly metrics: Metrics;
}

const ActivitySchema = Type.Object({
  since: Type.String({ format: "date-time", description: "When the service started to count" }),
  windows: Type.Integer({ description: "Windows scored, those of series too" }),
  anomalousShare: Type.Union([Type.Number(), Type.Null()]),
  scores: Type.Object({
    edges: Type.Array(Type.Number()),
    counts: Type.Array(Type.Integer(), {
      description:
        "One more than edges: windows with a score up to the edge and above the one before it; the last, above all",
    }),
  }),
  drift: Type.Union([DriftSchema, Type.Null()], {
    description: "Of the last series that was long enough to say whether the normal level has moved",
  }),
});

export const activityRoutes: FastifyPluginCallbackTypebox<ActivityOptions> = (
  app,
  { models, metrics },
  done,
) => {
  app.get(
    "/v1/models/:name/versions/:version/activity",
    {
      schema: {
        operationId: "getActivity",
        summary: "What a version was asked to score since the service started",
        tags: ["models"],
        params: ModelVersionParamsSchema,
        response: {
          200: ActivitySchema,
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND"),
          503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN"),
        },
      },
    },
    ({ params: { name, version } }) => {
      models.acquire(name, { version }).release();
      const { scores, ...activity } = metrics.activityOf(name, version);
      return { ...activity, scores: { edges: [...scores.edges], counts: [...scores.counts] } };
    },
  );
  done();
};
