/** Open Inference Protocol: POST .../infer */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ResiduaError } from "../../errors.js";
import type { Selection } from "../../registry/model-entry.js";
import type { ScorableModel } from "../../serving/score-result.js";
import { sendParts } from "../body-parts.js";
import { DeadlineHeadersSchema, deadlineOf } from "../deadline.js";
import type { InferBody } from "../inference/infer-request.js";
import { type AskedOutput, inferResponse } from "../inference/infer-response.js";
import { InferErrorSchema, InferRequestSchema, InferResponseSchema } from "../inference/infer-schema.js";
import type { InferenceOptions } from "../inference/inference-options.js";
import { findOutputs, listOutputs } from "../inference/outputs.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { limitsOf } from "../score-request.js";
import { readByItsRoute } from "../validation.js";

const HEADER_LENGTH = "inference-header-content-length";
const tags = ["open inference protocol"];
const description =
  "The tensors' bytes may follow the JSON, whose length the header Inference-Header-Content-Length then says; outputs are sent so where they ask for it (binary_data, binary_data_output).";
const response = {
  200: InferResponseSchema,
  ...Object.fromEntries(
    [400, 404, 413, 415, 422, 429, 500, 503, 504].map((status) => [status, InferErrorSchema]),
  ),
};

export const inferRoutes: FastifyPluginCallbackTypebox<InferenceOptions> = (
  app,
  { models, scoring, bodies, bodyLimitBytes },
  done,
) => {
  const { batcher, arenas } = scoring;
  takeRawBodies(app, {
    // NVIDIA's client names no content type at all.
    contentTypes: ["application/json", "application/octet-stream", "*"],
    limitBytes: bodyLimitBytes,
    expect: () => batcher.expect(),
    arrived: (expectation) => batcher.arrived(expectation),
  });

  const infer = async (request: FastifyRequest, reply: FastifyReply, name: string, selection: Selection) => {
    const lease = models.acquire(name, selection);
    try {
      const { model } = lease;
      batcher.checkRoom();
      const arena = arenas.take();
      const limits = limitsOf(model, batcher.maxQueueWindows);
      const reading = bodies.readInfer(rawBody(request), headerLengthOf(request), limits, arena);
      const body = reading instanceof Promise ? await reading : reading;
      const outputs = chooseOutputs(model, body);
      const result = await scoring.scoreWindows(model, {
        readings: body.values,
        count: body.count,
        include: outputs.flatMap(({ tensor }) => tensor.includes),
        scorer: undefined,
        threshold: undefined,
        deadlineAtMs: deadlineOf(request, reply, body.timeoutMs),
        client: request.raw.socket,
        arrays: arena,
      });
      const answer = inferResponse(result, outputs, body.id, body.isDouble);
      const { headerLength } = answer;
      const parts = arenas.givingBack(arena, answer.parts);
      if (headerLength === undefined) return sendParts(reply, "application/json", parts);
      reply.header(HEADER_LENGTH, String(headerLength));
      return sendParts(reply, "application/octet-stream", parts);
    } finally {
      lease.release();
    }
  };

  app.post(
    "/models/:model/infer",
    {
      schema: {
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

/** What is asked for, or what is answered by default. Throws UNSUPPORTED_BY_MODEL. */
function chooseOutputs(model: ScorableModel, { outputs, isBinary }: InferBody): AskedOutput[] {
  if (outputs === undefined || outputs.length === 0) {
    return listOutputs(model)
      .filter(({ isDefault }) => isDefault)
      .map((tensor) => ({ tensor, isBinary }));
  }
  const tensors = findOutputs(
    model,
    outputs.map(({ name }) => name),
  );
  return tensors.map((tensor, i) => ({ tensor, isBinary: outputs[i]!.isBinary }));
}
