/** The OpenAPI document, and the way to the page that shows it. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";

export const docsRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  let document: string | undefined;
  app.get("/openapi.json", { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    reply.type("application/json").send(document);
  });
  app.get("/", { schema: { hide: true } }, (_request, reply) => reply.redirect("/docs"));
  done();
};
