/** One error of each code, for the OpenAPI document. */
import type { ErrorCode, Violation } from "../errors.js";

export interface ProblemExample {
  readonly detail: string;
  /** The path of the request; that of a score request if left out. */
  readonly instance?: string;
  readonly errors?: readonly Violation[];
}

export const PROBLEM_EXAMPLES: Readonly<Record<ErrorCode, ProblemExample>> = {
  INVALID_JSON: {
    detail:
      "The body is not JSON at line 1, column 24 (character 23): NaN is not JSON: send null for a missing reading.",
    errors: [{ path: "/series/1/1", message: "NaN is not JSON: send null for a missing reading" }],
  },
  INVALID_REQUEST: {
    detail:
      '/include/0 must be one of "timestepError", "featureError", "headError", "reconstruction", "prediction", "linear", "embedding", not "scores".',
    errors: [
      {
        path: "/include/0",
        message:
          'must be one of "timestepError", "featureError", "headError", "reconstruction", "prediction", "linear", "embedding", not "scores"',
      },
    ],
  },
  NON_FINITE_VALUE: {
    detail: "/windows/3/7/0 is a number that a double cannot hold; send null for a missing reading.",
    errors: [
      {
        path: "/windows/3/7/0",
        message: "is a number that a double cannot hold; send null for a missing reading",
      },
    ],
  },
  CONTINUATION_INVALID: {
    detail:
      "The continuation was made by version 3 of pump; this is version 4. Begin anew with an empty continuation.",
  },
  UNAUTHORIZED: { detail: 'This route needs an API token, sent as "Authorization: Bearer TOKEN".' },
  MODEL_NOT_FOUND: { detail: 'There is no model "pmup"; there are pump, valve.' },
  VERSION_NOT_FOUND: { detail: 'Model "pump" has no live version 1; live are 3, 4.' },
  ALIAS_NOT_FOUND: { detail: 'Model "pump" has no alias "candidate"; it has stable.' },
  JOB_NOT_FOUND: {
    detail: "There is no job of this id; jobs that have ended are kept for 7 days. GET /v1/jobs lists them.",
    instance: "/v1/jobs/00mwxj0xxi6ryb8leottnmqz",
  },
  ROUTE_NOT_FOUND: {
    detail: "There is no route GET /v1/model; there are /v1/models, /v1/models/:name.",
    instance: "/v1/model",
  },
  METHOD_NOT_ALLOWED: { detail: "/v1/models/pump/score takes POST, not GET." },
  CONFLICT: {
    detail: "No alias can be changed here: this process may not write to the model's folder.",
    instance: "/v1/models/pump/aliases/stable",
  },
  BODY_TOO_LARGE: { detail: "The body may have up to 16777216 bytes." },
  TOO_MANY_WINDOWS: { detail: "The request has 9000 windows; one may have up to 8192." },
  UNSUPPORTED_MEDIA_TYPE: { detail: "The body has to be sent as application/json." },
  SHAPE_MISMATCH: {
    detail: "Window 0 has shape [31, 2]; pump 4 takes windows of shape [32, 2] (timesteps, features).",
    errors: [{ path: "/windows/0", message: "has 31 timesteps; the model has 32" }],
  },
  UNSUPPORTED_BY_MODEL: {
    detail: "pump 4 has no scorer absolute; it has squared.",
    errors: [{ path: "/scorer", message: "has to be one of squared" }],
  },
  INVALID_DATA: {
    detail: 'body, line 3, column "flow": "n/a" is not a number.',
    instance: "/v1/models/pump/versions",
    errors: [{ path: 'line 3, column "flow"', message: '"n/a" is not a number' }],
  },
  QUEUE_FULL: { detail: "8192 windows wait, and no more may; try again in 2 s." },
  TOO_MANY_JOBS: {
    detail:
      "100 jobs wait, and no more than 100 may (RESIDUA_MAX_QUEUED_JOBS); try again when one has ended.",
    instance: "/v1/models/pump/versions",
  },
  INFERENCE_FAILED: { detail: "The engine failed; the service's log says why, under the request's id." },
  INTERNAL: { detail: "The service failed on this request; its log says why, under the request's id." },
  MODEL_NOT_READY: { detail: 'Model "pump" is being loaded.' },
  SHUTTING_DOWN: { detail: "The service is shutting down; another one will take this." },
  STORE_UNAVAILABLE: {
    detail: "The object store cannot be used just now: it cannot be reached (ECONNREFUSED).",
    instance: "/v1/models/pump/aliases/stable",
  },
  JOBS_UNAVAILABLE: {
    detail: "Jobs are kept in Redis, and Redis does not answer now; scoring goes on. Try again.",
    instance: "/v1/jobs",
  },
  ENGINE_RESTARTING: { detail: "The process that owns the device is restarting; try again in 3 s." },
  DEADLINE_EXCEEDED: { detail: "The deadline passed before the engine began; the windows were not run." },
  INSUFFICIENT_STORAGE: {
    detail: "There is no room for the data on the volume that jobs are kept on: 1048576 bytes are free.",
    instance: "/v1/models/pump/versions",
  },
};
