/** Errors as problem documents, `application/problem+json` (RFC 9457). */
import { Type } from "@sinclair/typebox";
import type { FastifyError } from "fastify";
import { ERRORS, ResiduaError } from "../errors.js";
import { CODINGS, UnsupportedCodingError } from "./content-coding.js";
import { problemPath } from "./problem-page.js";

export const PROBLEM_CONTENT_TYPE = "application/problem+json";

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: "uri-reference", description: "The path of a page on this error" }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "What was wrong, where, and what to do" }),
    code: Type.String({ enum: Object.keys(ERRORS) }),
    instance: Type.String({ description: "The path of the request" }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ description: "JSON pointer into the body" }),
            message: Type.String(),
          },
          { title: "Violation" },
        ),
      ),
    ),
  },
  { title: "Problem", description: "An error (RFC 9457)" },
);

/** The body of an error response. */
export function problemBody(error: ProblemSource, instance: string): string {
  return JSON.stringify(problemOf(error, instance));
}

type ProblemSource = Pick<ResiduaError, "code" | "status" | "message" | "violations">;

/** An error as a problem document. */
export function problemOf(error: ProblemSource, instance: string) {
  const { code, message, violations } = error;
  return {
    type: problemPath(code),
    title: ERRORS[code].title,
    status: error.status,
    detail: message,
    code,
    instance,
    ...(violations.length === 0 ? {} : { errors: [...violations] }),
  };
}

/** The headers of an error response: when to try again (429, 503), how to authenticate (401), which codings are taken. */
export function errorHeaders(error: ResiduaError): Record<string, string> {
  if (error instanceof UnsupportedCodingError) return { "accept-encoding": CODINGS.join(", ") };
  if (error.status === 401) return { "www-authenticate": "Bearer" };
  if (error.status !== 503 && error.status !== 429) return {};
  return { "retry-after": String(error.retryAfterSeconds ?? 1) };
}

/**
 * Finds the code for whatever was thrown. An error that none of the checks foresaw is a bug of the service:
 * INTERNAL.
 *
 * @param bodyLimitBytes the largest body that is accepted, for the message of BODY_TOO_LARGE.
 */
export function toResiduaError(error: unknown, bodyLimitBytes: number): ResiduaError {
  if (error instanceof ResiduaError) return error;
  const { code, statusCode, message } = error as Partial<FastifyError>;
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ResiduaError("BODY_TOO_LARGE", `The body may have up to ${bodyLimitBytes} bytes.`);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ResiduaError("UNSUPPORTED_MEDIA_TYPE", "The body has to be sent as application/json.");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new ResiduaError("INVALID_REQUEST", "The body is not as long as Content-Length says.");
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ResiduaError("INVALID_REQUEST", message ?? "The request cannot be read.", { cause: error });
  }
  return new ResiduaError(
    "INTERNAL",
    "The service failed on this request; its log says why, under the request's id.",
    {
      cause: error,
    },
  );
}

/** An entry of a route's `response` schema for an error. @param description the codes it can have. */
export function problemResponse(description: string) {
  return { description, content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemSchema } } };
}
