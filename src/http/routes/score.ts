/** POST /v1/models/:name/score */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { readDataSection } from "../../data/data-section.js";
import { ResiduaError } from "../../errors.js";
import { lastOfSeries, resultOfGivenRows } from "../../serving/resampled-result.js";
import type { SeriesResult } from "../../serving/score-result.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import type { SeriesScoring } from "../../serving/series-scoring.js";
import { preferredType } from "../accept.js";
import { Admission } from "../admission.js";
import type { BodyBudget } from "../body-budget.js";
import { type Chunks, sendChunks } from "../body-chunks.js";
import type { BodyWaits } from "../body-questions.js";
import type { BodyReader } from "../body-reader.js";
import { DeadlineHeadersSchema, deadlineOf, untilDeadline } from "../deadline.js";
import type { LiveModels } from "../live-models.js";
import { answersOf } from "../model-answers.js";
import { isClientGone, logFailure } from "../plugins/errors.js";
import { problemBody, problemResponse, toResiduaError } from "../problem.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { clientOf } from "../request-client.js";
import { scoreResponse } from "../score-response.js";
import { ScoreResponseSchema } from "../score-response-schema.js";
import { ModelParamsSchema, ScoreQuerySchema, ScoreRequestSchema } from "../score-schema.js";
import { seriesArrow } from "../series-arrow.js";
import { seriesCsv } from "../series-csv.js";
import { type SeriesForm, seriesLines, seriesLinesAsScored, seriesResponse } from "../series-response.js";
import { queryOptions, refuseQueryOptions, tableFormat } from "../table-body.js";
import { readByItsRoute } from "../validation.js";

export interface ScoreOptions {
  readonly log: Logger;
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  readonly bodies: BodyReader;
  readonly budget: BodyBudget;
  readonly bodyLimitBytes: number;
}

interface Answer {
  readonly type: string;
  readonly chunks: Chunks;
}

/** How a series is answered. */
interface SeriesAnswer {
  readonly type: (typeof SERIES_TYPES)[number];
  readonly parts: ReadonlySet<string>;
  readonly timesMs: Float64Array | undefined;
}

const JSON_TYPE = "application/json; charset=utf-8";
const CSV_TYPE = "text/csv; charset=utf-8; header=present";
const ARROW_TYPE = "application/vnd.apache.arrow.stream";
/** What a series can be answered with; JSON where the request does not say. */
const LINES = "application/x-ndjson";
const SERIES_TYPES = ["application/json", LINES, "text/csv", ARROW_TYPE] as const;
const LINES_TYPE = `${LINES}; charset=utf-8`;
/**
 * So many timesteps are scored before the status is sent, and the lines of a longer series while the rest is
 * scored: a request that fails usually fails early, and is then answered with the status of its error.
 */
const ROWS_BEFORE_STATUS = 4096;

export const scoreRoutes: FastifyPluginCallbackTypebox<ScoreOptions> = (
  app,
  { log, models, scoring, bodies, budget, bodyLimitBytes },
  done,
) => {
  const { batcher } = scoring;

  /** The lines of a series, as soon as their status is known. */
  const answerLines = async (
    form: SeriesForm,
    series: SeriesScoring,
    request: FastifyRequest,
    deadlineAtMs: number | undefined,
  ): Promise<Answer> => {
    // A request with a deadline is answered as a whole: once lines are sent, no status can say that it
    // passed.
    if (deadlineAtMs === undefined) {
      const { rows } = series.scores;
      const settled = await series.until(Math.min(rows, ROWS_BEFORE_STATUS));
      const chunks = endWithProblem(seriesLinesAsScored(form, series), request);
      if (settled < rows) return { type: LINES_TYPE, chunks };
    }
    const result = await untilDeadline(series.result, deadlineAtMs);
    return { type: LINES_TYPE, chunks: seriesLines(form, result) };
  };

  /**
   * Where scoring fails after lines were sent, the last line is the problem, and the connection is closed.
   */
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

  const readBody = (request: FastifyRequest, { model, limits, arena }: Admission, waits: BodyWaits) => {
    const query = request.query as Readonly<Record<string, unknown>>;
    const format = tableFormat(request.headers["content-type"]);
    if (format === undefined) {
      refuseQueryOptions(query);
      return bodies.readScore(rawBody(request), limits, waits, arena);
    }
    const manifest = { features: model.manifest.features, data: readDataSection(model.manifest) };
    const reading = { format, options: queryOptions(query), manifest };
    return bodies.readTable(rawBody(request), limits, reading, waits);
  };

  takeRawBodies(app, {
    contentTypes: ["application/json", "text/csv", "application/x-ndjson"],
    limitBytes: bodyLimitBytes,
    budget,
    expect: () => batcher.expect(),
    arrived: (expectation) => batcher.arrived(expectation),
  });
  app.post(
    "/v1/models/:name/score",
    {
      schema: {
        operationId: "score",
        summary: "Reconstructions, errors, scores and verdicts",
        description,
        tags: ["scoring"],
        params: ModelParamsSchema,
        querystring: ScoreQuerySchema,
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
      const admission = Admission.admit(
        { models, scoring },
        clientOf(request),
        request.params.name,
        request.query,
      );
      try {
        const { model, arena, client } = admission;
        const answers = answersOf(model);
        const deadlineAtMs = deadlineOf(request, reply);
        const reading = readBody(request, admission, { deadlineAtMs, client });
        // A small body has been read. To await it would postpone its windows past the batch of requests that
        // arrived with it.
        const body = reading instanceof Promise ? await reading : reading;
        request.trace?.noteRead();
        const { scorer, threshold, include } = body.options;
        const asked = {
          readings: body.values,
          scorer,
          threshold,
          deadlineAtMs,
          client,
        };
        if (body.kind === "windows") {
          const program = answers.windowProgram(include);
          const result = await admission.whileScored(
            scoring.scoreWindows(model, { ...asked, count: body.count, arrays: arena }),
            deadlineAtMs,
          );
          request.trace?.noteScored(result);
          return sendChunks(reply, JSON_TYPE, admission.whileSent(scoreResponse(answers, program, result)));
        }
        const { rows, starts, stride, stream, time, notes, given, timesMs, timestampsMs } = body;
        const type = preferredType(request.headers.accept, SERIES_TYPES);
        if (type === "text/csv" && stream !== undefined) throw noContinuation();
        const asks = answers.seriesParts(include);
        const parts = type === ARROW_TYPE ? new Set([...asks, "timestepError"]) : asks;
        const last = given === undefined ? body.options.last : lastOfSeries(given);
        const read = { ...asked, rows, timestampsMs, starts, stride, stream };
        const series = scoring.scoreSeries(model, { ...read, last, parts });
        admission.keepUntil(series.result);
        request.trace?.noteWhenScored(series.result);
        const form = { answers, columns: answers.seriesColumns(parts, series.scores), time, notes };
        if (type === LINES && given === undefined) {
          const lines = await answerLines(form, series, request, deadlineAtMs);
          return sendChunks(reply, lines.type, lines.chunks);
        }
        const result = await untilDeadline(series.result, deadlineAtMs);
        const answered = given === undefined ? result : await resultOfGivenRows(result, given);
        const answer = wholeAnswer(form, answered, { type, parts, timesMs });
        return sendChunks(reply, answer.type, answer.chunks);
      } finally {
        admission.release();
      }
    },
  );
  done();
};

const description =
  "A series may also be CSV (text/csv: a header with the features' names, and a column of times) or a JSON array or object a line (application/x-ndjson); its options then stand in the query. With Accept: text/csv a series is answered with a row for each timestep, with Accept: application/vnd.apache.arrow.stream as an Arrow stream. With Accept: application/x-ndjson a series is answered with a line of JSON for each timestep and event: model and threshold first; timing, drift, continuation, and the from and final of timesteps last. The lines of a long series are sent while it is scored; if scoring then fails, the last line is a problem and the body breaks off. With X-Request-Timeout-Ms nothing is sent before everything is scored.";

const FAILURES = {
  400: problemResponse("INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE, CONTINUATION_INVALID"),
  404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
  413: problemResponse("BODY_TOO_LARGE, TOO_MANY_WINDOWS"),
  415: problemResponse("UNSUPPORTED_MEDIA_TYPE"),
  422: problemResponse("SHAPE_MISMATCH, UNSUPPORTED_BY_MODEL"),
  429: problemResponse("QUEUE_FULL"),
  500: problemResponse("INFERENCE_FAILED, INTERNAL"),
  503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN, ENGINE_RESTARTING"),
  504: problemResponse("DEADLINE_EXCEEDED"),
};

/** The answer to a series that has been scored to its end. */
function wholeAnswer(form: SeriesForm, result: SeriesResult, { type, parts, timesMs }: SeriesAnswer): Answer {
  switch (type) {
    case "application/json":
      return { type: JSON_TYPE, chunks: seriesResponse(form, result) };
    case LINES:
      return { type: LINES_TYPE, chunks: seriesLines(form, result) };
    case "text/csv":
      return { type: CSV_TYPE, chunks: seriesCsv(result, parts, timesMs) };
    case ARROW_TYPE:
      return { type, chunks: seriesArrow(form, result, parts) };
  }
}

function noContinuation(): ResiduaError {
  return new ResiduaError(
    "INVALID_REQUEST",
    "CSV has no place for a continuation; take application/json, application/x-ndjson or application/vnd.apache.arrow.stream.",
    { violations: [{ path: "/continuation", message: "cannot be answered in CSV" }] },
  );
}
