/** For every request: its id in the answer, the refusal while draining, a metric, and a line of log. */
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Logger } from "pino";
import { ERRORS, ResiduaError } from "../../errors.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import type { Metrics } from "../../serving/metrics.js";
import { beganOn, refusedWith } from "../broken-request.js";

export interface RequestsOptions {
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered even while draining, and logged at debug only: balancers ask every few seconds. */
    isProbe?: boolean;
  }
}

/**
 * The status in log and metrics of a request whose client hung up before it was answered; no client sees it.
 */
const CLIENT_CLOSED_REQUEST = 499;
const CLIENT_GONE = "client_gone";

/** W3C trace context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

export const requests = fp<RequestsOptions>(
  (app, { log, lifecycle, metrics }, done) => {
    const onClose = (request: FastifyRequest, reply: FastifyReply): void => {
      lifecycle.requestEnded();
      const { url, config } = request.routeOptions;
      const route = url ?? "none";
      const status = statusOf(request, reply);
      const ms = reply.elapsedTime;
      metrics.requested(request.method, route, status, ms / 1000);
      if (status === CLIENT_CLOSED_REQUEST) metrics.clientGone(request.method, route);
      const level = config.isProbe === true ? "debug" : "info";
      if (!log.isLevelEnabled(level)) return;
      const line: Record<string, unknown> = {
        reqId: request.id,
        method: request.method,
        path: request.url,
        status,
        ms: Math.round(ms * 1000) / 1000,
      };
      // Only where proxies are trusted: else it would be a proxy's own address in every line.
      if (request.ips !== undefined) line["client"] = request.ip;
      if (status === CLIENT_CLOSED_REQUEST) line["code"] = CLIENT_GONE;
      const trace = request.headers["traceparent"];
      if (trace !== undefined) Object.assign(line, traceOf(trace));
      log[level](line);
    };
    app.addHook("onRequest", (request, reply, next) => {
      lifecycle.requestBegan();
      beganOn(request.raw.socket, request.id, reply.raw);
      // The hook onResponse is not called for a client that hung up.
      reply.raw.on("close", () => onClose(request, reply));
      reply.header("x-request-id", request.id);
      if (request.headers.host === undefined && request.raw.httpVersion === "1.1") {
        return next(
          new ResiduaError("INVALID_REQUEST", "A request of HTTP/1.1 has to have the header Host."),
        );
      }
      if (!lifecycle.isEnding) return next();
      if (lifecycle.phase === "lameDuck" || request.routeOptions.config.isProbe === true) return next();
      next(new ResiduaError("SHUTTING_DOWN", "The service is shutting down; another one will take this."));
    });
    app.addHook("onSend", (_request, reply, _payload, next) => {
      // Also in answers to requests that began earlier: their connections would stay open after the last
      // answer.
      if (lifecycle.isEnding) reply.header("connection", "close");
      next();
    });
    done();
  },
  { name: "requests" },
);

/** The status of the answer that was sent, or what ended the request before its answer was complete. */
function statusOf(request: FastifyRequest, reply: FastifyReply): number {
  if (reply.raw.writableFinished) return reply.statusCode;
  if (request.failedWith !== undefined) return ERRORS[request.failedWith].status;
  return refusedWith(request.raw.socket) ?? CLIENT_CLOSED_REQUEST;
}

function traceOf(header: string | string[]): { traceId?: string; spanId?: string } {
  if (typeof header !== "string") return {};
  const [, traceId, spanId] = TRACEPARENT.exec(header) ?? [];
  return traceId === undefined || spanId === undefined ? {} : { traceId, spanId };
}
