/** The OpenAPI document. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";

export const docsRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
  done();
};
