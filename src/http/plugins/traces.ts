/** Gives requests a trace, where traces are asked for, and makes its spans when the request has ended. */
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { RequestTrace } from "../tracing/request-trace.js";
import type { Tracing } from "../tracing/tracing.js";

export interface TracesOptions {
  readonly tracing: Tracing | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Undefined where no traces are asked for, and for probes. */
    trace: RequestTrace | undefined;
  }
}

export const traces = fp<TracesOptions>(
  (app, { tracing }, done) => {
    app.decorateRequest("trace", undefined);
    if (tracing !== undefined) {
      app.addHook("onRequest", (request, reply, next) => {
        if (request.routeOptions.config.isProbe !== true) {
          const { traceparent } = request.headers;
          const trace = tracing.begin(typeof traceparent === "string" ? traceparent : undefined);
          request.trace = trace;
          // The hook onResponse is not called for a client that hung up.
          reply.raw.once("close", () => tracing.end(trace, describe(request, reply)));
        }
        next();
      });
    }
    done();
  },
  { name: "traces" },
);

/** Names of attributes are those of OpenTelemetry's semantic conventions for HTTP. */
function describe(request: FastifyRequest, reply: FastifyReply) {
  const { method } = request;
  const route = request.routeOptions.url;
  const { statusCode } = reply;
  return {
    name: route === undefined ? method : `${method} ${route}`,
    isFailed: statusCode >= 500 || !reply.raw.writableFinished,
    attributes: {
      "http.request.method": method,
      ...(route === undefined ? {} : { "http.route": route }),
      "http.response.status_code": statusCode,
      "url.path": request.url.split("?")[0]!,
      "residua.request_id": request.id,
    },
  };
}
