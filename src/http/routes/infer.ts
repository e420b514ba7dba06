/** Open Inference Protocol: POST .../infer */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ResiduaError } from "../../errors.js";
import type { Selection } from "../../registry/version-choice.js";
import { Admission } from "../admission.js";
import { sendChunks } from "../body-chunks.js";
import { DeadlineHeadersSchema, deadlineOf } from "../deadline.js";
import { inferResponse } from "../inference/infer-response.js";
import { InferErrorSchema, InferRequestSchema, InferResponseSchema } from "../inference/infer-schema.js";
import type { InferenceOptions } from "../inference/inference-options.js";
import { chooseOutputs } from "../inference/outputs.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { clientOf } from "../request-client.js";
import { readByItsRoute } from "../validation.js";

const HEADER_LENGTH = "inference-header-content-length";
const tags = ["open inference protocol"];
const description =
  "The bytes of the input may follow the JSON; the header Inference-Header-Content-Length then gives the length of the JSON. Outputs are sent in the same way where the request asks for it (binary_data, binary_data_output).";
const response = {
  200: InferResponseSchema,
  ...Object.fromEntries(
    [400, 404, 413, 415, 422, 429, 500, 503, 504].map((status) => [status, InferErrorSchema]),
  ),
};

export const inferRoutes: FastifyPluginCallbackTypebox<InferenceOptions> = (
  app,
  { models, scoring, bodies, budget, bodyLimitBytes },
  done,
) => {
  const { batcher } = scoring;
  takeRawBodies(app, {
    // NVIDIA's client sends no Content-Type.
    contentTypes: ["application/json", "application/octet-stream", "*"],
    limitBytes: bodyLimitBytes,
    budget,
    expect: () => batcher.expect(),
    arrived: (expectation) => batcher.arrived(expectation),
  });

  const infer = async (request: FastifyRequest, reply: FastifyReply, name: string, selection: Selection) => {
    const admission = Admission.admit({ models, scoring }, clientOf(request), name, selection);
    try {
      const { model, limits, arena, client } = admission;
      const waits = { deadlineAtMs: deadlineOf(request, reply), client };
      const reading = bodies.readInfer(rawBody(request), headerLengthOf(request), limits, waits, arena);
      // A small body has been read. To await it would postpone its windows past the batch of requests that arrived
      // with it.
      const body = reading instanceof Promise ? await reading : reading;
      request.trace?.noteRead();
      const outputs = chooseOutputs(model, body);
      const deadlineAtMs = deadlineOf(request, reply, body.timeoutMs);
      const result = await admission.whileScored(
        scoring.scoreWindows(model, {
          readings: body.values,
          count: body.count,
          scorer: undefined,
          threshold: undefined,
          deadlineAtMs,
          client,
          arrays: arena,
        }),
        deadlineAtMs,
      );
      request.trace?.noteScored(result);
      const { headerLength, chunks } = inferResponse(result, outputs, body.id);
      const sent = admission.whileSent(chunks);
      if (headerLength === undefined) return sendChunks(reply, "application/json", sent);
      reply.header(HEADER_LENGTH, String(headerLength));
      return sendChunks(reply, "application/octet-stream", sent);
    } finally {
      admission.release();
    }
  };

  app.post(
    "/models/:model/infer",
    {
      schema: {
        operationId: "infer",
        summary: "Scores windows",
        description,
        tags,
        params: Type.Object({ model: Type.String() }),
        headers: DeadlineHeadersSchema,
        body: readByItsRoute(InferRequestSchema),
        response,
      },
    },
    (request, reply) => infer(request, reply, request.params.model, {}),
  );
  app.post(
    "/models/:model/versions/:version/infer",
    {
      schema: {
        operationId: "inferVersion",
        summary: "Scores windows with a version",
        description,
        tags,
        params: Type.Object({ model: Type.String(), version: Type.String() }),
        headers: DeadlineHeadersSchema,
        body: readByItsRoute(InferRequestSchema),
        response,
      },
    },
    (request, reply) => infer(request, reply, request.params.model, { version: request.params.version }),
  );
  done();
};

function headerLengthOf(request: FastifyRequest): number | undefined {
  const header = request.headers[HEADER_LENGTH];
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[0-9]{1,12}$/.test(header)) return Number(header);
  throw new ResiduaError("INVALID_REQUEST", "Inference-Header-Content-Length has to be a number of bytes.");
}
