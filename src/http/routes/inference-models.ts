/** The routes of the Open Inference Protocol about the server and its models. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import {
  InferErrorSchema,
  ModelMetadataSchema,
  RepositoryIndexSchema,
  ServerMetadataSchema,
} from "../inference/infer-schema.js";
import type { InferenceOptions } from "../inference/inference-options.js";
import { describeServer, modelMetadata, repositoryIndex } from "../inference/metadata.js";
import { checkReady } from "./health.js";

const tags = ["open inference protocol"];
const probe = { isOpen: true, isProbe: true };
// KServe's client reads these members, NVIDIA's the status.
const Live = Type.Object({ live: Type.Boolean() });
const Ready = Type.Object({ ready: Type.Boolean() });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() });
const ParamsSchema = Type.Object({ model: Type.String() });
const VersionParamsSchema = Type.Object({ model: Type.String(), version: Type.String() });
const FAILURES = { 404: InferErrorSchema, 503: InferErrorSchema };

export const inferenceModelRoutes: FastifyPluginCallbackTypebox<InferenceOptions> = (
  app,
  { version, lifecycle, models },
  done,
) => {
  // The path is the prefix itself; it is answered with and without a trailing slash.
  app.get(
    "",
    {
      schema: {
        operationId: "getServerMetadata",
        summary: "The server",
        tags,
        response: { 200: ServerMetadataSchema },
      },
    },
    () => describeServer(version),
  );
  app.get(
    "/health/live",
    {
      config: probe,
      schema: {
        operationId: "checkServerLive",
        summary: "Whether it is sound",
        tags,
        security: [],
        response: { 200: Live },
      },
    },
    () => ({ live: true }),
  );
  app.get(
    "/health/ready",
    {
      config: probe,
      schema: {
        operationId: "checkServerReady",
        summary: "Whether it should get requests (RESIDUA_READY)",
        tags,
        security: [],
        response: { 200: Ready, 503: InferErrorSchema },
      },
    },
    () => {
      checkReady(lifecycle, () => models.problems());
      return { ready: true };
    },
  );
  app.get(
    "/models/:model",
    {
      schema: {
        operationId: "getModelMetadata",
        summary: "Inputs and outputs of a model",
        tags,
        params: ParamsSchema,
        response: { 200: ModelMetadataSchema, ...FAILURES },
      },
    },
    ({ params }) => modelMetadata(models, params.model),
  );
  app.get(
    "/models/:model/versions/:version",
    {
      schema: {
        operationId: "getVersionMetadata",
        summary: "Inputs and outputs of a version",
        tags,
        params: VersionParamsSchema,
        response: { 200: ModelMetadataSchema, ...FAILURES },
      },
    },
    ({ params }) => modelMetadata(models, params.model, params.version),
  );
  app.get(
    "/models/:model/ready",
    {
      schema: {
        operationId: "checkModelReady",
        summary: "Whether a model is live",
        tags,
        params: ParamsSchema,
        response: { 200: ModelReady, ...FAILURES },
      },
    },
    ({ params }) => {
      models.acquire(params.model, {}).release();
      return { name: params.model, ready: true };
    },
  );
  app.get(
    "/models/:model/versions/:version/ready",
    {
      schema: {
        operationId: "checkVersionReady",
        summary: "Whether a version is live",
        tags,
        params: VersionParamsSchema,
        response: { 200: ModelReady, ...FAILURES },
      },
    },
    ({ params: { model, version } }) => {
      models.acquire(model, { version }).release();
      return { name: model, ready: true };
    },
  );
  app.post(
    "/repository/index",
    {
      schema: {
        operationId: "listRepository",
        summary: "Every published version, with its state",
        tags,
        description: 'With a body {"ready": true}, only those that are',
        response: { 200: RepositoryIndexSchema },
      },
    },
    ({ body }) => repositoryIndex(models, asksForReady(body)),
  );
  done();
};

/** The route has no schema for its body, since most clients send none. */
function asksForReady(body: unknown): boolean {
  return typeof body === "object" && body !== null && "ready" in body && body.ready === true;
}
