/** The OpenAPI document, and a redirection to the page that shows it. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { LiveModels } from "../live-models.js";
import { addExamples } from "../openapi-document.js";

export interface DocsOptions {
  readonly models: LiveModels;
}

export const docsRoutes: FastifyPluginCallbackTypebox<DocsOptions> = (app, { models }, done) => {
  app.get("/openapi.json", { schema: { hide: true } }, () => {
    const document = structuredClone(app.swagger());
    const model = models.anyLive();
    return model === undefined ? document : addExamples(document, model);
  });
  app.get("/", { config: { isOpen: true }, schema: { hide: true } }, (_request, reply) =>
    reply.redirect("/docs"),
  );
  done();
};
