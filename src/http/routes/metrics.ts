/** GET /metrics, for Prometheus. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { Metrics } from "../../serving/metrics.js";

export interface MetricsOptions {
  readonly metrics: Metrics;
}

export const metricsRoutes: FastifyPluginCallbackTypebox<MetricsOptions> = (app, { metrics }, done) => {
  app.get(
    "/metrics",
    {
      config: { isProbe: true },
      schema: {
        operationId: "getMetrics",
        summary: "Figures of the service, for Prometheus",
        tags: ["operations"],
        produces: ["text/plain"],
        response: { 200: Type.String({ description: "Prometheus text format" }) },
      },
    },
    async (_request, reply) => {
      const text = await metrics.page.text();
      return reply.type(metrics.registry.contentType).send(text);
    },
  );
  done();
};
