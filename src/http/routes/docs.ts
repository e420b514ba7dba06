/** The OpenAPI document, and a redirection to the page that shows it. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";

export const docsRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
  app.get("/", { config: { isOpen: true }, schema: { hide: true } }, (_request, reply) =>
    reply.redirect("/docs"),
  );
  done();
};
