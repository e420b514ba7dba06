/** A client for Residua: train a model by request, wait for it, score with it, once or in a stream. */
import createClient, { type Client } from "openapi-fetch";
import { patientFetch, pause } from "./patient-fetch.js";
import { answered, ResiduaError } from "./residua-error.js";
import type { components, operations, paths } from "./schema.js";

export { ResiduaError } from "./residua-error.js";
export type { components, operations, paths } from "./schema.js";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type SeriesRequest = Schemas["SeriesRequest"];
export type SeriesScores = Schemas["SeriesScores"];
export type TrainingSeries = Schemas["TrainingSeries"];
export type WindowsRequest = Schemas["WindowsRequest"];
export type WindowScores = Schemas["WindowScores"];

/** A file as it is: text, or bytes. Its form is said by `contentType`. */
export type DataFile = string | Blob | Uint8Array<ArrayBuffer>;

export interface ClientOptions {
  /** Where the service answers; `http://127.0.0.1:3000` if left out. */
  url?: string;
  /** A bearer token. Training and jobs need that of `RESIDUA_ADMIN_TOKEN`. */
  token?: string;
  /** How often a request is sent again that the service refused for now, or did not answer; 5 if left out. */
  retries?: number;
}

type TrainQuery = NonNullable<operations["trainModel"]["parameters"]["query"]>;

export interface TrainOptions {
  /** Options of `train` by their long names, such as `{ timesteps: 48, "group-column": "machine" }`. */
  query?: { [Option in keyof TrainQuery]: TrainQuery[Option] | number | boolean };
  /** Of a file; `text/csv` if left out. */
  contentType?: "text/csv" | "application/x-ndjson" | "application/vnd.apache.parquet";
  /** The same key and data are the same job for 24 hours; a key of its own for each call if left out. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface WaitOptions {
  /** Called with the job as it is found each time. */
  onProgress?: (job: Job) => void;
  /** Between two looks at the job; 1000 if left out. */
  everyMs?: number;
  /** Ends the waiting, not the job. */
  signal?: AbortSignal;
}

export interface ScoreOptions {
  /** `version` or `alias`; for a file also `last`, `include`, `threshold.falseAlarms` and so on. */
  query?: NonNullable<operations["score"]["parameters"]["query"]>;
  /** Of a file; `text/csv` if left out. */
  contentType?: "text/csv" | "application/x-ndjson";
  /** After so long, the service drops what is not scored yet and answers 504. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Rows that follow those sent before, in arrays or objects by feature, with their times where there are any. */
export type Rows = Pick<SeriesRequest, "series" | "timestamps">;
/** What is said about a stream as a whole. A `continuation` goes on with a stream that ended there. */
export type StreamRequest = Omit<SeriesRequest, "series" | "timestamps">;

export class Residua {
  /** Every route of the service, typed by its OpenAPI document, with this client's token and retries. */
  readonly api: Client<paths>;

  constructor({ url = "http://127.0.0.1:3000", token, retries = 5 }: ClientOptions = {}) {
    this.api = createClient<paths>({
      baseUrl: url,
      fetch: patientFetch(retries),
      querySerializer: { array: { style: "form", explode: false } },
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
  }

  /**
   * Orders a training on data of normal operation; the job runs on the service.
   *
   * @param data a file, or a series in JSON.
   * @throws {ResiduaError} where the service refuses the data or the options.
   */
  async train(model: string, data: DataFile | TrainingSeries, options: TrainOptions = {}): Promise<Job> {
    const { query = {}, idempotencyKey = crypto.randomUUID(), signal } = options;
    return answered(
      await this.api.POST("/v1/models/{name}/versions", {
        params: {
          path: { name: model },
          // All options are text in the document, since several take words beside numbers.
          query: query as TrainQuery,
          header: { "idempotency-key": idempotencyKey },
        },
        ...bodyOf(data, options.contentType),
        ...(signal && { signal }),
      }),
    );
  }

  /**
   * Waits until a job has ended, and answers it. A job that is done has the `version` that it became.
   *
   * @throws {ResiduaError} where the job failed or was cancelled.
   */
  async wait(id: string, { onProgress, everyMs = 1000, signal }: WaitOptions = {}): Promise<Job> {
    for (;;) {
      const params = { path: { id } };
      const result = await this.api.GET("/v1/jobs/{id}", { params, ...(signal && { signal }) });
      const job = answered(result);
      onProgress?.(job);
      if (job.state === "done") return job;
      if (job.problem !== null) throw new ResiduaError(result.response, job.problem);
      if (job.endedAt !== null) throw new ResiduaError(result.response, `The job ${id} is ${job.state}.`);
      await pause(everyMs, signal);
    }
  }

  /** Stops a job; what it has learnt is dropped. */
  async cancel(id: string): Promise<Job> {
    return answered(await this.api.DELETE("/v1/jobs/{id}", { params: { path: { id } } }));
  }

  /**
   * Scores a series, windows, or a series in a file.
   *
   * @throws {ResiduaError} where the service refuses the request.
   */
  score(model: string, data: SeriesRequest | DataFile, options?: ScoreOptions): Promise<SeriesScores>;
  score(model: string, data: WindowsRequest, options?: ScoreOptions): Promise<WindowScores>;
  async score(
    model: string,
    data: SeriesRequest | WindowsRequest | DataFile,
    { query = {}, contentType, timeoutMs, signal }: ScoreOptions = {},
  ): Promise<SeriesScores | WindowScores> {
    const header = timeoutMs === undefined ? {} : { "x-request-timeout-ms": String(timeoutMs) };
    const result = await this.api.POST("/v1/models/{name}/score", {
      params: { path: { name: model }, query, header },
      ...bodyOf(data, contentType),
      ...(signal && { signal }),
    });
    // Text is the type of the answers in CSV and lines, which are not asked for.
    return answered(result) as SeriesScores | WindowScores;
  }

  /**
   * Scores a series that goes on, with an answer to each batch of rows. The first batch has at least a window of rows;
   * those after it have one or more. An answer begins at row `timesteps.from` of the stream, and its first
   * `timesteps.final` timesteps will not change; the others are answered again with the next batch.
   *
   * @throws {ResiduaError} where the service refuses a batch.
   */
  async *stream(
    model: string,
    batches: Iterable<Rows> | AsyncIterable<Rows>,
    { continuation = "", ...request }: StreamRequest = {},
    options: ScoreOptions = {},
  ): AsyncGenerator<SeriesScores, void, undefined> {
    let state = continuation;
    for await (const rows of batches) {
      const answer = await this.score(model, { ...request, ...rows, continuation: state }, options);
      state = answer.continuation ?? "";
      yield answer;
    }
  }
}

/** A body as it is sent: a file unchanged, all else in JSON. */
function bodyOf<T extends object>(data: DataFile | T, contentType = "text/csv") {
  const isFile = typeof data === "string" || data instanceof Blob || data instanceof Uint8Array;
  return {
    // The document's type of a file is text.
    body: data as T | string,
    bodySerializer: (body: unknown) => (isFile ? body : JSON.stringify(body)),
    headers: { "content-type": isFile ? contentType : "application/json" },
  };
}
