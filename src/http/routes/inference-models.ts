/** The routes of the Open Inference Protocol about the server and its models. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { VersionState } from "../../registry/version-entry.js";
import {
  INPUT_NAME,
  InferErrorSchema,
  ModelMetadataSchema,
  RepositoryIndexSchema,
  ServerMetadataSchema,
} from "../inference/infer-schema.js";
import type { InferenceOptions } from "../inference/inference-options.js";
import type { LiveModels } from "../live-models.js";
import { answersOf } from "../model-answers.js";
import { checkReady } from "./health.js";

const EXTENSIONS = ["binary_tensor_data", "model_repository"];
const REPOSITORY_STATES: Readonly<Record<VersionState, string>> = {
  live: "READY",
  loading: "LOADING",
  draining: "UNLOADING",
  stored: "UNAVAILABLE",
  refused: "UNAVAILABLE",
};

const tags = ["open inference protocol"];
const probe = { isOpen: true, isProbe: true };
const Empty = Type.Object({}, { description: "Yes" });
const ParamsSchema = Type.Object({ model: Type.String() });
const VersionParamsSchema = Type.Object({ model: Type.String(), version: Type.String() });
const FAILURES = { 404: InferErrorSchema, 503: InferErrorSchema };

/** @param version of the program */
export function describeServer(version: string) {
  return { name: "residua", version, extensions: EXTENSIONS };
}

export const inferenceModelRoutes: FastifyPluginCallbackTypebox<InferenceOptions> = (
  app,
  { version, lifecycle, models },
  done,
) => {
  // The path is the prefix itself; it is answered with and without a trailing slash.
  app.get("", { schema: { summary: "The server", tags, response: { 200: ServerMetadataSchema } } }, () =>
    describeServer(version),
  );
  app.get(
    "/health/live",
    {
      config: probe,
      schema: { summary: "Whether it is sound", tags, security: [], response: { 200: Empty } },
    },
    () => ({}),
  );
  app.get(
    "/health/ready",
    {
      config: probe,
      schema: {
        summary: "Whether it should get requests (RESIDUA_READY)",
        tags,
        security: [],
        response: { 200: Empty, 503: InferErrorSchema },
      },
    },
    () => {
      checkReady(lifecycle, () => models.problems());
      return {};
    },
  );
  app.get(
    "/models/:model",
    {
      schema: {
        summary: "Inputs and outputs of a model",
        tags,
        params: ParamsSchema,
        response: { 200: ModelMetadataSchema, ...FAILURES },
      },
    },
    ({ params }) => metadata(models, params.model),
  );
  app.get(
    "/models/:model/versions/:version",
    {
      schema: {
        summary: "Inputs and outputs of a version",
        tags,
        params: VersionParamsSchema,
        response: { 200: ModelMetadataSchema, ...FAILURES },
      },
    },
    ({ params }) => metadata(models, params.model, params.version),
  );
  app.get(
    "/models/:model/ready",
    {
      schema: {
        summary: "Whether a model is live",
        tags,
        params: ParamsSchema,
        response: { 200: Empty, ...FAILURES },
      },
    },
    ({ params }) => {
      models.acquire(params.model, {}).release();
      return {};
    },
  );
  app.get(
    "/models/:model/versions/:version/ready",
    {
      schema: {
        summary: "Whether a version is live",
        tags,
        params: VersionParamsSchema,
        response: { 200: Empty, ...FAILURES },
      },
    },
    ({ params: { model, version } }) => {
      models.acquire(model, { version }).release();
      return {};
    },
  );
  app.post(
    "/repository/index",
    {
      schema: {
        summary: "Every published version, with its state",
        tags,
        description: 'With a body {"ready": true}, only those that are',
        response: { 200: RepositoryIndexSchema },
      },
    },
    ({ body }) =>
      models
        .list()
        .flatMap(({ name, versions }) =>
          versions.map(({ version, state, reason }) => ({
            name,
            version,
            state: REPOSITORY_STATES[state],
            reason: reason ?? "",
          })),
        )
        .filter(({ state }) => !asksForReady(body) || state === "READY"),
  );
  done();
};

/** The route has no schema for its body, since most clients send none. */
function asksForReady(body: unknown): boolean {
  return typeof body === "object" && body !== null && "ready" in body && body.ready === true;
}

function metadata(models: LiveModels, name: string, version?: string) {
  const lease = models.acquire(name, { version });
  try {
    const { model } = lease;
    const { timesteps, features } = model.scoring;
    const listing = models.list().find((listed) => listed.name === name);
    return {
      name,
      versions: (listing?.versions ?? []).flatMap(({ state, version }) =>
        state === "live" ? [version] : [],
      ),
      platform: `residua_${model.engine}`,
      inputs: [
        {
          name: INPUT_NAME,
          datatype: "FP32",
          shape: [-1, timesteps, features],
          parameters: { features: model.manifest.features.map(({ name, unit }) => ({ name, unit })) },
        },
      ],
      outputs: answersOf(model).tensors.map(({ name, datatype, shape }) => ({
        name,
        datatype,
        shape: [-1, ...shape],
      })),
    };
  } finally {
    lease.release();
  }
}
