/** POST /v1/models/:name/readings: what a data file holds, as a model reads it. Nothing is scored. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { type TSchema, Type } from "@sinclair/typebox";
import { ResiduaError } from "../../errors.js";
import type { BodyBudget } from "../body-budget.js";
import { joinChunks, sendChunks } from "../body-chunks.js";
import type { BodyReader } from "../body-reader.js";
import type { DataBody } from "../data-body.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { rawBody, takeRawBodies } from "../raw-body.js";
import { clientOf } from "../request-client.js";
import { ModelParamsSchema, VersionQuerySchema } from "../score-schema.js";
import { readByItsRoute } from "../validation.js";

export interface ReadingsOptions {
  readonly models: LiveModels;
  readonly bodies: BodyReader;
  readonly budget: BodyBudget;
  readonly bodyLimitBytes: number;
}

/** Numbers of a chunk: less than a millisecond's work. */
const CHUNK_NUMBERS = 4096;
const CONTENT_TYPES = [
  "text/csv",
  "text/plain",
  "application/x-ndjson",
  "application/vnd.apache.parquet",
  "application/octet-stream",
];

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const ReadingsSchema = Type.Object({
  features: Type.Array(Type.String(), { description: "[F], as the model has them" }),
  maxGapMs: Nullable(Type.Number({ description: "A longer step between rows is a gap" })),
  notes: Type.Array(Type.String(), {
    description: "What was found out about the file, and what looks odd in it",
  }),
  series: Type.Array(
    Type.Object({
      group: Nullable(Type.String()),
      rows: Type.Integer(),
      timestamps: Nullable(Type.Array(Type.Number(), { description: "[N], epoch milliseconds" })),
      readings: Type.Array(Type.Array(Nullable(Type.Number())), {
        description: "[F][N]; null is a missing one",
      }),
    }),
    { description: "One for each group of the file, in order of time" },
  ),
});

export const readingsRoutes: FastifyPluginCallbackTypebox<ReadingsOptions> = (
  app,
  { models, bodies, budget, bodyLimitBytes },
  done,
) => {
  takeRawBodies(app, {
    contentTypes: CONTENT_TYPES,
    limitBytes: bodyLimitBytes,
    budget,
    expect: () => 0,
    arrived: () => undefined,
  });
  app.post(
    "/v1/models/:name/readings",
    {
      schema: {
        operationId: "readFile",
        summary: "What a data file holds, as the model reads it",
        description:
          "The body is a file as `train` takes them: CSV of any dialect, JSON lines, or Parquet. `?file=` names it in messages.",
        tags: ["scoring"],
        params: ModelParamsSchema,
        querystring: Type.Object(
          { ...VersionQuerySchema.properties, file: Type.Optional(Type.String({ maxLength: 1000 })) },
          { additionalProperties: false },
        ),
        consumes: CONTENT_TYPES,
        body: readByItsRoute(Type.String()),
        response: {
          200: ReadingsSchema,
          400: problemResponse("INVALID_REQUEST"),
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
          413: problemResponse("BODY_TOO_LARGE"),
          415: problemResponse("UNSUPPORTED_MEDIA_TYPE"),
          503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN"),
          504: problemResponse("DEADLINE_EXCEEDED"),
        },
      },
    },
    async (request, reply) => {
      const { file, ...selection } = request.query;
      const lease = models.acquire(request.params.name, selection);
      const { manifest } = lease.model;
      lease.release();
      const body = rawBody(request);
      if (body.length === 0)
        throw new ResiduaError("INVALID_REQUEST", "The body is empty; send a data file.");
      const data = await bodies.readData(body, { name: file, manifest }, { client: clientOf(request) });
      return sendChunks(reply, "application/json; charset=utf-8", joinChunks(answer(data)));
    },
  );
  done();
};

function* answer({ features, maxGapMs, notes, series: all }: DataBody): Generator<Uint8Array, void> {
  const head = JSON.stringify({ features, maxGapMs: maxGapMs ?? null, notes });
  yield Buffer.from(`${head.slice(0, -1)},"series":[`);
  let separator = "";
  for (const series of all) {
    yield Buffer.from(separator);
    yield* seriesText(series, features.length);
    separator = ",";
  }
  yield Buffer.from("]}");
}

function* seriesText(
  { group, rows, timestampsMs, values }: DataBody["series"][number],
  features: number,
): Generator<Uint8Array, void> {
  yield Buffer.from(`{"group":${JSON.stringify(group ?? null)},"rows":${rows},"timestamps":`);
  if (timestampsMs === undefined) yield Buffer.from("null");
  else yield* numbers(rows, (row) => timestampsMs[row]!);
  yield Buffer.from(',"readings":[');
  for (let feature = 0; feature < features; feature++) {
    if (feature > 0) yield Buffer.from(",");
    yield* numbers(rows, (row) => values[row * features + feature]!);
  }
  yield Buffer.from("]}");
}

/** An array of numbers; NaN is written as null. */
function* numbers(rows: number, at: (row: number) => number): Generator<Uint8Array, void> {
  yield Buffer.from("[");
  for (let from = 0; from < rows; from += CHUNK_NUMBERS) {
    const count = Math.min(CHUNK_NUMBERS, rows - from);
    const text = JSON.stringify(Array.from({ length: count }, (_, i) => at(from + i)));
    yield Buffer.from(`${from === 0 ? "" : ","}${text.slice(1, -1)}`);
  }
  yield Buffer.from("]");
}
