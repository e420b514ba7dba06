/** The published models and their manifests. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import { ManifestSchema } from "../../registry/manifest.js";
import type { LiveModels } from "../live-models.js";
import { ModelListingSchema } from "../model-schema.js";
import { problemResponse } from "../problem.js";
import { ModelParamsSchema } from "../score-schema.js";

export interface ModelsOptions {
  readonly models: LiveModels;
}

const ListingSchema = Type.Object({
  models: Type.Array(ModelListingSchema),
  problem: Type.Union([Type.String(), Type.Null()], {
    description:
      "Why the store of models could not be read the last time; the listing is then that of before",
  }),
});

const tags = ["models"];
const notFound = problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND");

const notReady = problemResponse("MODEL_NOT_READY, SHUTTING_DOWN, STORE_UNAVAILABLE");

export const modelRoutes: FastifyPluginCallbackTypebox<ModelsOptions> = (app, { models }, done) => {
  app.get(
    "/v1/models",
    {
      schema: {
        operationId: "listModels",
        summary: "Every published version, with its state",
        tags,
        response: { 200: ListingSchema },
      },
    },
    () => ({
      models: models.list().map((model) => ({ ...model, versions: [...model.versions] })),
      problem: models.storeProblem ?? null,
    }),
  );
  app.get(
    "/v1/models/:name",
    {
      schema: {
        operationId: "getModel",
        summary: "The manifest of the version that answers for a model",
        tags,
        params: ModelParamsSchema,
        response: { 200: ManifestSchema, 404: notFound, 503: notReady },
      },
    },
    (request) => models.registry.manifest(request.params.name),
  );
  app.get(
    "/v1/models/:name/versions/:version",
    {
      schema: {
        operationId: "getVersion",
        summary: "The manifest of a version",
        tags,
        params: Type.Object({ ...ModelParamsSchema.properties, version: Type.String() }),
        response: { 200: ManifestSchema, 404: notFound, 503: notReady },
      },
    },
    (request) => models.registry.manifest(request.params.name, { version: request.params.version }),
  );
  done();
};
