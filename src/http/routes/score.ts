/** POST /v1/models/:name/score */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { ResiduaError } from "../../errors.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import type { SeriesScoring } from "../../serving/series-scoring.js";
import { type Parts, sendParts } from "../body-parts.js";
import type { BodyReader } from "../body-reader.js";
import { DeadlineHeadersSchema, deadlineOf } from "../deadline.js";
import type { LiveModels } from "../live-models.js";
import { isClientGone, logFailure } from "../plugins/errors.js";
import { problemBody, problemResponse, toResiduaError } from "../problem.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { limitsOf } from "../score-request.js";
import { scoreResponse } from "../score-response.js";
import {
  ModelParamsSchema,
  ScoreRequestSchema,
  ScoreResponseSchema,
  VersionQuerySchema,
} from "../score-schema.js";
import { seriesLines, seriesLinesAsScored, seriesResponse } from "../series-response.js";
import { readByItsRoute } from "../validation.js";

export interface ScoreOptions {
  readonly log: Logger;
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly bodies: BodyReader;
  readonly bodyLimitBytes: number;
}

interface Answer {
  readonly type: string;
  readonly parts: Parts;
}

const JSON_TYPE = "application/json; charset=utf-8";
const LINES_TYPE = "application/x-ndjson; charset=utf-8";
/** Lines of a longer series go out while it is scored; by then most that could go wrong would have. */
const ROWS_BEFORE_STATUS = 4096;

export const scoreRoutes: FastifyPluginCallbackTypebox<ScoreOptions> = (
  app,
  { log, models, scoring, bodies, bodyLimitBytes },
  done,
) => {
  const { batcher, arenas } = scoring;

  /** What to send, as soon as the status is known. */
  const answerSeries = async (series: SeriesScoring, request: FastifyRequest): Promise<Answer> => {
    if (!acceptsLines(request)) return { type: JSON_TYPE, parts: seriesResponse(await series.result) };
    // Once lines are sent there is no status any more to say that a deadline passed.
    if (request.headers["x-request-timeout-ms"] === undefined) {
      const { rows } = series.scores;
      const settled = await series.until(Math.min(rows, ROWS_BEFORE_STATUS));
      const parts = endWithProblem(seriesLinesAsScored(series), request);
      if (settled < rows) return { type: LINES_TYPE, parts };
    }
    return { type: LINES_TYPE, parts: seriesLines(await series.result) };
  };

  /** Where scoring fails on the way, the last line says so, and the body ends without its end. */
  async function* endWithProblem(
    lines: AsyncGenerator<Uint8Array, void>,
    request: FastifyRequest,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* lines;
    } catch (thrown) {
      if (isClientGone(thrown, request)) return;
      const error = toResiduaError(thrown, bodyLimitBytes);
      logFailure(log, error, request);
      yield Buffer.from(`{"problem":${problemBody(error, request.url)}}\n`);
      throw error;
    }
  }

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
        description,
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
      let series: SeriesScoring | undefined;
      try {
        const { model } = lease;
        batcher.checkRoom();
        const arena = arenas.take();
        const limits = limitsOf(model, batcher.maxQueueWindows);
        const reading = bodies.readScore(rawBody(request), limits, arena);
        // A small body is there already: awaiting it would part it from those it arrived with.
        const body = reading instanceof Promise ? await reading : reading;
        const { include, scorer, threshold } = body.options;
        const deadlineAtMs = deadlineOf(request, reply);
        const asked = { readings: body.values, scorer, threshold, deadlineAtMs, client: request.raw.socket };
        if (body.kind === "windows") {
          const { count } = body;
          const result = await scoring.scoreWindows(model, { ...asked, count, include, arrays: arena });
          return sendParts(reply, JSON_TYPE, arenas.givingBack(arena, scoreResponse(result)));
        }
        series = scoring.scoreSeries(model, { ...asked, rows: body.rows, starts: body.starts });
        const { type, parts } = await answerSeries(series, request);
        return sendParts(reply, type, parts);
      } finally {
        const release = (): void => lease.release();
        // A series may be scored on while its first lines are sent.
        if (series === undefined) release();
        else void series.result.then(release, release);
      }
    },
  );
  done();
};

const description =
  "A series is answered with a line of JSON for each timestep and event where Accept is application/x-ndjson: model and threshold first, timing last. Lines of a long one go out while it is scored; should that fail, the last line is a problem and the body ends unfinished. With X-Request-Timeout-Ms nothing is sent before all is scored.";

const FAILURES = {
  400: problemResponse("INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE"),
  404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
  413: problemResponse("BODY_TOO_LARGE, TOO_MANY_WINDOWS"),
  415: problemResponse("UNSUPPORTED_MEDIA_TYPE"),
  422: problemResponse("SHAPE_MISMATCH, UNSUPPORTED_BY_MODEL"),
  429: problemResponse("QUEUE_FULL"),
  500: problemResponse("INFERENCE_FAILED, INTERNAL"),
  503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN, ENGINE_RESTARTING"),
  504: problemResponse("DEADLINE_EXCEEDED"),
};

/** Whether the caller asked for a line a timestep. */
function acceptsLines({ headers: { accept } }: FastifyRequest): boolean {
  return accept?.split(",").some((type) => type.split(";")[0]!.trim() === "application/x-ndjson") === true;
}
