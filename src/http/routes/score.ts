/** POST /v1/models/:name/score */

import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ResiduaError } from "../../errors.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { readScoreRequest } from "../score-request.js";
import { scoreResponse } from "../score-response.js";
import {
  ModelParamsSchema,
  ScoreRequestSchema,
  ScoreResponseSchema,
  VersionQuerySchema,
} from "../score-schema.js";
import { seriesLines, seriesResponse } from "../series-response.js";

export interface ScoreOptions {
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly lifecycle: Lifecycle;
  readonly bodyLimitBytes: number;
}

const JSON_TYPE = "application/json; charset=utf-8";
const LINES_TYPE = "application/x-ndjson; charset=utf-8";

export const scoreRoutes: FastifyPluginCallbackTypebox<ScoreOptions> = (
  app,
  { models, scoring, lifecycle, bodyLimitBytes },
  done,
) => {
  const { batcher } = scoring;
  takeRawBodies(app, {
    contentTypes: ["application/json"],
    limitBytes: bodyLimitBytes,
    expect: () => batcher.expect(),
    arrived: (expectation) => batcher.arrived(expectation),
  });
  app.post(
    "/v1/models/:name/score",
    {
      schema: {
        summary: "Reconstructions, errors, scores and verdicts",
        tags: ["scoring"],
        params: ModelParamsSchema,
        querystring: VersionQuerySchema,
        headers: Type.Object({
          "x-request-timeout-ms": Type.Optional(
            Type.String({
              pattern: "^[0-9]{1,9}$",
              description:
                "Milliseconds after which the answer is of no use: work not begun by then is not run",
            }),
          ),
        }),
        body: ScoreRequestSchema,
        response: { 200: ScoreResponseSchema, ...FAILURES },
      },
    },
    async (request, reply) => {
      const { version, alias } = request.query;
      if (version !== undefined && alias !== undefined) {
        throw new ResiduaError("INVALID_REQUEST", "A request names a version or an alias, not both.");
      }
      const lease = models.acquire(request.params.name, request.query);
      try {
        const { model } = lease;
        const { timesteps, features } = model.scoring;
        batcher.checkRoom();
        const body = readScoreRequest(rawBody(request), {
          model: `${model.name} ${model.version}`,
          timesteps,
          features,
          maxWindows: batcher.maxQueueWindows,
        });
        const { include, scorer, threshold } = body.options;
        const deadlineAtMs = deadlineOf(request, reply);
        const asked = { readings: body.values, scorer, threshold, deadlineAtMs, client: request.raw.socket };
        if (body.kind === "windows") {
          const result = await scoring.scoreWindows(model, { ...asked, count: body.count, include });
          return sendParts(reply, lifecycle, JSON_TYPE, scoreResponse(result));
        }
        const { rows, stride, timestampsMs, maxGapMs } = body;
        const result = await scoring.scoreSeries(model, { ...asked, rows, stride, timestampsMs, maxGapMs });
        return acceptsLines(request)
          ? sendParts(reply, lifecycle, LINES_TYPE, seriesLines(result))
          : sendParts(reply, lifecycle, JSON_TYPE, seriesResponse(result));
      } finally {
        lease.release();
      }
    },
  );
  done();
};

const FAILURES = {
  400: problemResponse("INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE"),
  404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
  413: problemResponse("BODY_TOO_LARGE, TOO_MANY_WINDOWS"),
  415: problemResponse("UNSUPPORTED_MEDIA_TYPE"),
  422: problemResponse("SHAPE_MISMATCH, UNSUPPORTED_BY_MODEL"),
  429: problemResponse("QUEUE_FULL"),
  500: problemResponse("INFERENCE_FAILED"),
  503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN, ENGINE_RESTARTING"),
  504: problemResponse("DEADLINE_EXCEEDED"),
};

/** When the answer is of no use any more, on the clock of `performance.now()`; counted from the request's headers. */
function deadlineOf(request: FastifyRequest, reply: FastifyReply): number | undefined {
  const header = request.headers["x-request-timeout-ms"];
  return header === undefined ? undefined : performance.now() - reply.elapsedTime + Number(header);
}

/** Whether the caller asked for a line a timestep. */
function acceptsLines({ headers: { accept } }: FastifyRequest): boolean {
  return accept?.split(",").some((type) => type.split(";")[0]!.trim() === "application/x-ndjson") === true;
}

/** A short answer whole; a long one part by part, with a turn for others in between. */
function sendParts(
  reply: FastifyReply,
  lifecycle: Lifecycle,
  contentType: string,
  parts: Generator<Uint8Array, void>,
): FastifyReply {
  reply.header("content-type", contentType);
  // The connection may have been kept alive for longer than the service is.
  if (lifecycle.isEnding) reply.header("connection", "close");
  const first = parts.next().value ?? new Uint8Array(0);
  const second = parts.next().value;
  if (second === undefined) return reply.send(first);
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield first;
    yield second;
    for (const part of parts) {
      await nextTurn();
      yield part;
    }
  };
  return reply.send(Readable.from(all(), { objectMode: false, highWaterMark: 65_536 }));
}
