/** What every request goes through: its id in the answer, the refusal while draining, a metric and a line of log. */
import fp from "fastify-plugin";
import type { Logger } from "pino";
import { ResiduaError } from "../../errors.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { Metrics } from "../../serving/metrics.js";

export interface RequestsOptions {
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered also while draining, and logged only at debug: balancers ask all the time. */
    isProbe?: boolean;
  }
}

/** W3C trace context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

export const requests = fp<RequestsOptions>(
  (app, { log, lifecycle, metrics }, done) => {
    app.addHook("onRequest", (request, reply, next) => {
      lifecycle.requestBegan();
      reply.header("x-request-id", request.id);
      if (!lifecycle.isEnding) return next();
      reply.header("connection", "close");
      if (lifecycle.phase === "lameDuck" || request.routeOptions.config.isProbe === true) return next();
      next(new ResiduaError("SHUTTING_DOWN", "The service is shutting down; another one will take this."));
    });
    app.addHook("onResponse", (request, reply, next) => {
      lifecycle.requestEnded();
      const { url, config } = request.routeOptions;
      const ms = reply.elapsedTime;
      metrics.requested(request.method, url ?? "none", reply.statusCode, ms / 1000);
      const level = config.isProbe === true ? "debug" : "info";
      if (log.isLevelEnabled(level)) {
        log[level]({
          reqId: request.id,
          ...traceOf(request.headers["traceparent"]),
          method: request.method,
          path: request.url,
          status: reply.statusCode,
          ms: Math.round(ms * 1000) / 1000,
        });
      }
      next();
    });
    done();
  },
  { name: "requests" },
);

function traceOf(header: string | string[] | undefined): { traceId?: string; spanId?: string } {
  if (typeof header !== "string") return {};
  const [, traceId, spanId] = TRACEPARENT.exec(header) ?? [];
  return traceId === undefined || spanId === undefined ? {} : { traceId, spanId };
}
