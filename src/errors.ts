/**
 * Every error a caller can meet: its code, its HTTP status, and its title.
 *
 * The sentence that says what was wrong, where, and what to do is written where the error is thrown.
 */
export const ERRORS = {
  INVALID_JSON: { status: 400, title: "The body is not JSON" },
  INVALID_REQUEST: { status: 400, title: "The request does not fit the schema" },
  NON_FINITE_VALUE: { status: 400, title: "A number is not finite" },
  UNAUTHORIZED: { status: 401, title: "A valid bearer token is needed" },
  MODEL_NOT_FOUND: { status: 404, title: "No such model" },
  VERSION_NOT_FOUND: { status: 404, title: "No such version, or it is not live" },
  ALIAS_NOT_FOUND: { status: 404, title: "No such alias" },
  ROUTE_NOT_FOUND: { status: 404, title: "No such route" },
  METHOD_NOT_ALLOWED: { status: 405, title: "The route does not take this method" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  TOO_MANY_WINDOWS: { status: 413, title: "The request has more windows than the queue can ever hold" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The content type is not taken" },
  SHAPE_MISMATCH: { status: 422, title: "The windows do not have this model's shape" },
  UNSUPPORTED_BY_MODEL: { status: 422, title: "This model cannot give what was asked for" },
  QUEUE_FULL: { status: 429, title: "The queue is full" },
  INFERENCE_FAILED: { status: 500, title: "The service failed to score the request" },
  MODEL_NOT_READY: { status: 503, title: "The model is not ready" },
  SHUTTING_DOWN: { status: 503, title: "The service is shutting down" },
  ENGINE_RESTARTING: { status: 503, title: "The engine is restarting" },
  DEADLINE_EXCEEDED: { status: 504, title: "The deadline passed before the work was run" },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** One thing that was wrong in a request: a JSON pointer into the body, and a sentence. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** An error with a place in the table above. `message` is the `detail` a caller reads. */
export class ResiduaError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];
  /** Whole seconds after which the same request may succeed, where that is known. */
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
 * Something on disk or on the command line is not what it has to be: a bundle, a data file, an option.
 * `message` is one sentence for a person; there is nothing to look up behind it.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
