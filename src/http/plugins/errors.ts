/** Every error leaves as a problem document; what is our fault is logged with the request's id. */
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Logger } from "pino";
import type { ResiduaError } from "../../errors.js";
import { errorHeaders, PROBLEM_CONTENT_TYPE, problemBody, toResiduaError } from "../problem.js";

export interface ErrorsOptions {
  readonly log: Logger;
  readonly bodyLimitBytes: number;
}

export const errors = fp<ErrorsOptions>(
  (app, { log, bodyLimitBytes }, done) => {
    app.setErrorHandler((thrown, request, reply) => {
      const error = toResiduaError(thrown, bodyLimitBytes);
      logFailure(log, error, request);
      sendProblem(reply, error, request);
    });
    done();
  },
  { name: "errors" },
);

/** Logs an error that is our fault, with its cause. */
export function logFailure(log: Logger, error: ResiduaError, request: FastifyRequest): void {
  if (error.code !== "INFERENCE_FAILED") return;
  log.error({ reqId: request.id, err: error.cause ?? error }, error.message);
}

export function sendProblem(reply: FastifyReply, error: ResiduaError, request: FastifyRequest): void {
  reply
    .code(error.status)
    .headers(errorHeaders(error))
    .type(PROBLEM_CONTENT_TYPE)
    .send(Buffer.from(problemBody(error, request.url)));
}
