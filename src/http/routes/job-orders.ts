/** Training and renewal by request: the data are the body, which goes into the store of jobs as it arrives. */
import type { Readable } from "node:stream";
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ClientGoneError, ResiduaError } from "../../errors.js";
import type { DataForm, JobKind } from "../../jobs/job.js";
import { SeriesSchema } from "../../jobs/job-data.js";
import { RENEW_OPTIONS, TRAIN_OPTIONS } from "../../jobs/job-options.js";
import type { JobQueue } from "../../jobs/job-queue.js";
import type { JobWorker } from "../../jobs/job-worker.js";
import { createDecoder } from "../content-coding.js";
import { JobSchema, toAnswer } from "../job-schema.js";
import { LongUpload, type UploadTimes } from "../long-upload.js";
import { problemResponse } from "../problem.js";
import { readByItsRoute } from "../validation.js";

export interface JobOrdersOptions {
  readonly queue: JobQueue;
  readonly worker: JobWorker;
  readonly bodyLimitBytes: number;
}

type Options = JobOrdersOptions & { readonly times: UploadTimes };

/** The content types of data, and their form. What a table is in, its reader finds out. */
const FORMS: Readonly<Record<string, DataForm>> = {
  "text/csv": "table",
  "application/x-ndjson": "table",
  "application/vnd.apache.parquet": "table",
  "application/json": "series",
};
const KEY_PATTERN = "^[\\x21-\\x7e]{1,255}$";

const ParamsSchema = Type.Object({ name: Type.String() });
const HeadersSchema = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({
      pattern: KEY_PATTERN,
      examples: ["pump-2024-06-01"],
      description:
        "For 24 hours, the same key and body stand for the same job; with another body it is refused (409)",
    }),
  ),
});

const RESPONSES = {
  202: JobSchema,
  400: problemResponse("INVALID_REQUEST"),
  401: problemResponse("UNAUTHORIZED"),
  409: problemResponse(
    "CONFLICT: the folder is read-only for the service, or the Idempotency-Key was used otherwise",
  ),
  413: problemResponse("BODY_TOO_LARGE"),
  415: problemResponse("UNSUPPORTED_MEDIA_TYPE"),
  422: problemResponse("INVALID_DATA"),
  429: problemResponse("TOO_MANY_JOBS"),
  503: problemResponse("JOBS_UNAVAILABLE, SHUTTING_DOWN"),
  507: problemResponse("INSUFFICIENT_STORAGE"),
};

/** Registered only where an admin token is set. */
export const jobOrderRoutes: FastifyPluginCallbackTypebox<Options> = (app, options, done) => {
  app.removeAllContentTypeParsers();
  // The body stays a stream: it may be larger than memory.
  app.addContentTypeParser("*", (_request, payload, next) => next(null, payload));
  const order = (kind: JobKind) => async (request: FastifyRequest, reply: FastifyReply) => {
    const job = toAnswer(await submit(kind, options, request));
    reply.code(202).header("location", `/v1/jobs/${job.id}`);
    return job;
  };
  app.post(
    "/v1/models/:name/versions",
    {
      onRequest: app.requireAdmin,
      bodyLimit: options.bodyLimitBytes,
      schema: {
        operationId: "trainModel",
        summary: "Trains the next version of a model on the data in the body, as a job",
        ...schemaOf(TRAIN_OPTIONS),
        response: RESPONSES,
      },
    },
    order("train"),
  );
  app.post(
    "/v1/models/:name/renewals",
    {
      onRequest: app.requireAdmin,
      bodyLimit: options.bodyLimitBytes,
      schema: {
        operationId: "renewModel",
        summary: "Trains a model anew on recent data with the options of its live version, as a job",
        ...schemaOf(RENEW_OPTIONS),
        response: {
          ...RESPONSES,
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND"),
          503: problemResponse("JOBS_UNAVAILABLE, STORE_UNAVAILABLE, SHUTTING_DOWN"),
        },
      },
    },
    order("renew"),
  );
  done();
};

function schemaOf(table: Readonly<Record<string, { readonly help: string }>>) {
  return {
    tags: ["jobs"],
    security: [{ bearer: [] }],
    params: ParamsSchema,
    headers: HeadersSchema,
    // Checked by the parsers of the command line; here for the document.
    querystring: readByItsRoute(
      Type.Object(
        Object.fromEntries(
          Object.entries(table).map(([key, { help }]) => [
            kebabCase(key),
            Type.Optional(Type.String({ description: help })),
          ]),
        ),
      ),
    ),
    body: readByItsRoute(SeriesSchema),
  };
}

async function submit(kind: JobKind, { queue, worker, times }: Options, request: FastifyRequest) {
  const { headers, params, query } = request;
  const payload = request.raw as Readable;
  const coding = headers["content-encoding"];
  const upload = new LongUpload(request.server.server, request.raw, times);
  try {
    const form = formOf(headers["content-type"]);
    const decoder = createDecoder(coding);
    const length = coding === undefined ? Number(headers["content-length"] ?? 0) : 0;
    const job = await queue.submit(
      {
        kind,
        model: (params as { name: string }).name,
        options: query as Record<string, unknown>,
        form,
        key: headers["idempotency-key"] as string | undefined,
        expectedBytes: length,
      },
      upload.watch(decode(payload, decoder, coding)),
    );
    worker.look();
    return job;
  } catch (error) {
    if (payload.destroyed && !payload.readableEnded) {
      throw new ClientGoneError("The client hung up before its data were complete.", { cause: error });
    }
    await upload.discard();
    throw error;
  } finally {
    upload.end();
  }
}

function formOf(contentType = ""): DataForm {
  const [type = "", ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  const form = FORMS[type];
  if (form !== undefined) return form;
  // What curl says of -F and -d, whatever is in the file.
  const isForm = type === "multipart/form-data" || type === "application/x-www-form-urlencoded";
  const hint = isForm
    ? " Send the file itself as the body and say what it is: curl -H 'content-type: text/csv' --data-binary @FILE."
    : "";
  throw new ResiduaError(
    "UNSUPPORTED_MEDIA_TYPE",
    `Training data have to be sent with a Content-Type of ${Object.keys(FORMS).join(", ")}, not ${JSON.stringify([type, ...parameters].join("; "))}.${hint}`,
  );
}

/** The decoded chunks of a body. What has been read stays open, so that its rest can be dropped. */
async function* decode(
  payload: Readable,
  decoder: ReturnType<typeof createDecoder>,
  coding: string | undefined,
): AsyncGenerator<Buffer> {
  if (decoder === undefined) {
    yield* payload.iterator({ destroyOnReturn: false });
    return;
  }
  payload.pipe(decoder);
  const onGone = (error: Error) => decoder.destroy(error);
  payload.once("error", onGone);
  try {
    yield* decoder.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new ResiduaError(
      "INVALID_REQUEST",
      `The body is not what its Content-Encoding, ${coding}, says: it is damaged or cut off.`,
      { cause },
    );
  } finally {
    payload.off("error", onGone).unpipe(decoder);
    decoder.on("error", () => undefined).destroy();
  }
}

function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
