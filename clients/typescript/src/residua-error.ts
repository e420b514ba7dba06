import type { components } from "./schema.js";

type Problem = components["schemas"]["Problem"];

/** What the service refused, or why a job did not become a version. `message` says what was wrong and what to do. */
export class ResiduaError extends Error {
  override readonly name = "ResiduaError";
  /** The status of the answer; of a job's own problem where a job failed. */
  readonly status: number;
  /** To decide by, such as `SHAPE_MISMATCH`; undefined where the answer is not the service's, or a job was cancelled. */
  readonly code: Problem["code"] | undefined;
  /** The whole problem document (RFC 9457), where there is one. */
  readonly problem: Problem | undefined;
  /** The id under which the service's log has the request. */
  readonly requestId: string | null;

  constructor(response: Response, error: unknown) {
    const problem = isProblem(error) ? error : undefined;
    const text =
      typeof error === "string" && error !== "" ? error : `${response.status} ${response.statusText}`;
    super(problem?.detail ?? text);
    this.status = problem?.status ?? response.status;
    this.code = problem?.code;
    this.problem = problem;
    this.requestId = response.headers.get("x-request-id");
  }
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "detail" in error;
}

/** The data of an answer. @throws {ResiduaError} where the answer is an error. */
export function answered<T>(result: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  const { data, error, response } = result;
  if (data === undefined || data === null) throw new ResiduaError(response, error);
  return data;
}
