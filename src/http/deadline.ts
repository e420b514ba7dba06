/** The header X-Request-Timeout-Ms: how long the caller waits for an answer. */
import { Type } from "@sinclair/typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ResiduaError } from "../errors.js";

export const DeadlineHeadersSchema = Type.Object({
  "x-request-timeout-ms": Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,9}$",
      examples: ["30000"],
      description:
        "Milliseconds after which the caller no longer waits: windows that the engine has not begun by then are not run",
    }),
  ),
});

/**
 * When the caller stops waiting, on the clock of `performance.now()`, counted from the arrival of the
 * headers; undefined where the caller does not say.
 *
 * @param timeoutMs a timeout that the caller gave in the body; the shorter of the two counts.
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

const MOST_TIMER_MS = 2 ** 31 - 1;

/** How long a timer has to run until a deadline, in milliseconds: at most as long as one can. */
export function timerMsUntil(deadlineAtMs: number): number {
  return Math.min(Math.max(0, Math.ceil(deadlineAtMs - performance.now())), MOST_TIMER_MS);
}

/** Settles as `result` does, or at the deadline if that comes first: then it rejects with DEADLINE_EXCEEDED. */
export function untilDeadline<T>(result: Promise<T>, deadlineAtMs: number | undefined): Promise<T> {
  if (deadlineAtMs === undefined) return result;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ResiduaError("DEADLINE_EXCEEDED", "The deadline passed before the engine answered.")),
      timerMsUntil(deadlineAtMs),
    );
    result.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
