/**
 * Every error that a caller can receive: its code, its HTTP status, and its title.
 *
 * The sentence that says what was wrong, where, and what to do about it is written where the error is thrown.
 */
export const ERRORS = {
  INVALID_JSON: { status: 400, title: "The body is not JSON" },
  INVALID_REQUEST: { status: 400, title: "The request does not fit the schema" },
  NON_FINITE_VALUE: { status: 400, title: "A number is not finite" },
  CONTINUATION_INVALID: { status: 400, title: "The continuation cannot be gone on with" },
  UNAUTHORIZED: { status: 401, title: "A valid bearer token is needed" },
  MODEL_NOT_FOUND: { status: 404, title: "No such model" },
  VERSION_NOT_FOUND: { status: 404, title: "No such version, or it is not live" },
  ALIAS_NOT_FOUND: { status: 404, title: "No such alias" },
  JOB_NOT_FOUND: { status: 404, title: "No such job" },
  ROUTE_NOT_FOUND: { status: 404, title: "No such route" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The route does not take this method" },
  CONFLICT: { status: 409, title: "What is there does not allow it" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  TOO_MANY_WINDOWS: { status: 413, title: "The request has more windows than the queue can ever hold" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The content type is not taken" },
  SHAPE_MISMATCH: { status: 422, title: "The windows do not have this model's shape" },
  UNSUPPORTED_BY_MODEL: { status: 422, title: "This model cannot give what was asked for" },
  INVALID_DATA: { status: 422, title: "The data cannot be learnt from" },
  QUEUE_FULL: { status: 429, title: "The queue is full" },
  TOO_MANY_JOBS: { status: 429, title: "Too many jobs wait" },
  INFERENCE_FAILED: { status: 500, title: "The engine failed to run the request's windows" },
  INTERNAL: { status: 500, title: "The service failed because of a fault of its own" },
  MODEL_NOT_READY: { status: 503, title: "The model is not ready" },
  SHUTTING_DOWN: { status: 503, title: "The service is shutting down" },
  STORE_UNAVAILABLE: { status: 503, title: "The store of models cannot be used just now" },
  JOBS_UNAVAILABLE: { status: 503, title: "Jobs cannot be reached" },
  ENGINE_RESTARTING: { status: 503, title: "The engine is restarting" },
  DEADLINE_EXCEEDED: { status: 504, title: "The deadline passed before the work was run" },
  INSUFFICIENT_STORAGE: { status: 507, title: "There is no room for it" },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** One fault in a request: a JSON pointer into the body (RFC 6901), and what is wrong there. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** An error with one of the codes above. `message` is what the caller reads as `detail`. */
export class ResiduaError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];
  /** Whole seconds after which the same request may succeed; undefined where that is not known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { violations?: readonly Violation[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ResiduaError";
    this.code = code;
    this.violations = options.violations ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/**
 * The client closed its connection before it was answered. That is neither a failure nor a deadline: nobody is left
 * to read an answer, so nothing is sent, and the request is logged and counted as `client_gone`.
 */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * Something on disk or on the command line is not what it must be: a bundle, a data file, an option.
 * `message` is one sentence for a person.
 */
export class InputError extends Error {
  override readonly name = "InputError";
  /** The sentence for the sender of a request, who has no options of the command line. */
  readonly forRequest: string;

  constructor(message: string, options: ErrorOptions & { readonly forRequest?: string } = {}) {
    super(message, options);
    this.forRequest = options.forRequest ?? message;
  }
}
