/** POST /v1/models/:name/score */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { ResiduaError } from "../../errors.js";
import { SlabPool } from "../../scoring/arrays.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import { sendParts } from "../body-parts.js";
import type { BodyReader } from "../body-reader.js";
import { DeadlineHeadersSchema, deadlineOf } from "../deadline.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { scoreResponse } from "../score-response.js";
import {
  ModelParamsSchema,
  ScoreRequestSchema,
  ScoreResponseSchema,
  VersionQuerySchema,
} from "../score-schema.js";
import { seriesLines, seriesResponse } from "../series-response.js";
import { readByItsRoute } from "../validation.js";

export interface ScoreOptions {
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly bodies: BodyReader;
  readonly bodyLimitBytes: number;
}

const JSON_TYPE = "application/json; charset=utf-8";
const LINES_TYPE = "application/x-ndjson; charset=utf-8";

export const scoreRoutes: FastifyPluginCallbackTypebox<ScoreOptions> = (
  app,
  { models, scoring, bodies, bodyLimitBytes },
  done,
) => {
  const { batcher } = scoring;
  const slabs = new SlabPool();
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
        headers: DeadlineHeadersSchema,
        body: readByItsRoute(ScoreRequestSchema),
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
        const slab = slabs.take();
        const limits = {
          model: `${model.name} ${model.version}`,
          timesteps,
          features,
          maxWindows: batcher.maxQueueWindows,
        };
        const reading = bodies.readScore(rawBody(request), limits, slab);
        // A small body is there already: awaiting it would part it from those it arrived with.
        const body = reading instanceof Promise ? await reading : reading;
        const { include, scorer, threshold } = body.options;
        const deadlineAtMs = deadlineOf(request, reply);
        const asked = { readings: body.values, scorer, threshold, deadlineAtMs, client: request.raw.socket };
        if (body.kind === "windows") {
          const { count } = body;
          const result = await scoring.scoreWindows(model, { ...asked, count, include, arrays: slab });
          return sendParts(reply, JSON_TYPE, slabs.givingBack(slab, scoreResponse(result)));
        }
        const { rows, stride, timestampsMs, maxGapMs } = body;
        const result = await scoring.scoreSeries(model, { ...asked, rows, stride, timestampsMs, maxGapMs });
        return acceptsLines(request)
          ? sendParts(reply, LINES_TYPE, seriesLines(result))
          : sendParts(reply, JSON_TYPE, seriesResponse(result));
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

/** Whether the caller asked for a line a timestep. */
function acceptsLines({ headers: { accept } }: FastifyRequest): boolean {
  return accept?.split(",").some((type) => type.split(";")[0]!.trim() === "application/x-ndjson") === true;
}
