/** X-Request-Timeout-Ms: how long a caller waits. */
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";

export const DeadlineHeadersSchema = Type.Object({
  "x-request-timeout-ms": Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,9}$",
      description: "Milliseconds after which the answer is of no use: work not begun by then is not run",
    }),
  ),
});

/**
 * When the answer is of no use any more, on the clock of `performance.now()`; counted from the request's headers.
 * @param timeoutMs what the caller said elsewhere; the shorter counts.
 */
export function deadlineOf(
  request: FastifyRequest,
  reply: FastifyReply,
  timeoutMs = Number.POSITIVE_INFINITY,
): number | undefined {
  const header = request.headers["x-request-timeout-ms"];
  if (header === undefined && timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  return performance.now() - reply.elapsedTime + Math.min(timeoutMs, Number(header ?? timeoutMs));
}
