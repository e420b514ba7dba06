/** What every request goes through: its id in the answer, the refusal while draining, a metric and a line of log. */
import type { FastifyReply, FastifyRequest } from "fastify";
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

/** The status the log gives a request whose client hung up before the answer was sent; no client sees it. */
const CLIENT_CLOSED_REQUEST = 499;

/** W3C trace context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

export const requests = fp<RequestsOptions>(
  (app, { log, lifecycle, metrics }, done) => {
    const onClose = (request: FastifyRequest, reply: FastifyReply): void => {
      lifecycle.requestEnded();
      const { url, config } = request.routeOptions;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST;
      const ms = reply.elapsedTime;
      metrics.requested(request.method, url ?? "none", status, ms / 1000);
      const level = config.isProbe === true ? "debug" : "info";
      if (!log.isLevelEnabled(level)) return;
      const line: Record<string, unknown> = {
        reqId: request.id,
        method: request.method,
        path: request.url,
        status,
        ms: Math.round(ms * 1000) / 1000,
      };
      const trace = request.headers["traceparent"];
      if (trace !== undefined) Object.assign(line, traceOf(trace));
      log[level](line);
    };
    app.addHook("onRequest", (request, reply, next) => {
      lifecycle.requestBegan();
      // Not onResponse: a client that hung up is never responded to.
      reply.raw.once("close", () => onClose(request, reply));
      reply.header("x-request-id", request.id);
      if (!lifecycle.isEnding) return next();
      if (lifecycle.phase === "lameDuck" || request.routeOptions.config.isProbe === true) return next();
      next(new ResiduaError("SHUTTING_DOWN", "The service is shutting down; another one will take this."));
    });
    app.addHook("onSend", (_request, reply, _payload, next) => {
      // Also to requests that began before the end did: their connections would outlive it.
      if (lifecycle.isEnding) reply.header("connection", "close");
      next();
    });
    done();
  },
  { name: "requests" },
);

function traceOf(header: string | string[]): { traceId?: string; spanId?: string } {
  if (typeof header !== "string") return {};
  const [, traceId, spanId] = TRACEPARENT.exec(header) ?? [];
  return traceId === undefined || spanId === undefined ? {} : { traceId, spanId };
}
