/**
 * Answers what routes throw, each scope in its own form, and logs what is the service's fault with the
 * request's id. A client that hung up gets nothing.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Logger } from "pino";
import { ClientGoneError, type ErrorCode, type ResiduaError } from "../../errors.js";
import { errorHeaders, PROBLEM_CONTENT_TYPE, problemBody, toResiduaError } from "../problem.js";

export interface ErrorsOptions {
  readonly log: Logger;
  readonly bodyLimitBytes: number;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The code of a failure of the service that ended this request; undefined where there was none. */
    failedWith: ErrorCode | undefined;
  }
}

/** Errors of every route whose scope has no error handler of its own: `application/problem+json`. */
export const errors = fp<ErrorsOptions>(
  (app, options, done) => {
    app.decorateRequest("failedWith", undefined);
    app.setErrorHandler(errorHandler(options, sendProblem));
    done();
  },
  { name: "errors" },
);

/**
 * For `setErrorHandler` of a scope.
 *
 * @param send writes the error's status, headers and body in the form that the scope's clients expect.
 */
export function errorHandler(
  { log, bodyLimitBytes }: ErrorsOptions,
  send: (reply: FastifyReply, error: ResiduaError, request: FastifyRequest) => void,
) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    if (isClientGone(thrown, request)) {
      // The request's line of log is written when its connection has closed.
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    const error = toResiduaError(thrown, bodyLimitBytes);
    logFailure(log, error, request);
    send(reply, error, request);
  };
}

/**
 * Whether a request ended because its client closed the connection, as seen by scoring or by Node's HTTP
 * parser.
 */
export function isClientGone(thrown: unknown, request: FastifyRequest): boolean {
  if (thrown instanceof ClientGoneError) return true;
  return request.raw.socket.destroyed && (thrown as NodeJS.ErrnoException).code === "ECONNRESET";
}

/**
 * Logs an error with its cause, and notes it at the request, where it is the service's fault (status 500).
 */
export function logFailure(log: Logger, error: ResiduaError, request: FastifyRequest): void {
  if (error.status !== 500) return;
  request.failedWith = error.code;
  log.error({ reqId: request.id, err: error.cause ?? error }, error.message);
}

/** Sends an error as a problem document. */
export function sendProblem(reply: FastifyReply, error: ResiduaError, request: FastifyRequest): void {
  reply
    .code(error.status)
    .headers(errorHeaders(error))
    .type(PROBLEM_CONTENT_TYPE)
    .send(Buffer.from(problemBody(error, request.url)));
}
