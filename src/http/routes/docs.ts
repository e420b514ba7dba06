/** The OpenAPI document. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { keepAnswer } from "../kept-answer.js";
import type { LiveModels } from "../live-models.js";
import { addExamples } from "../openapi-document.js";

export interface DocsOptions {
  readonly models: LiveModels;
}

export const docsRoutes: FastifyPluginCallbackTypebox<DocsOptions> = (app, { models }, done) => {
  const kept = keepAnswer(models);
  app.get("/openapi.json", { schema: { hide: true }, ...kept }, () => {
    const document = structuredClone(app.swagger());
    const model = models.anyLive();
    return model === undefined ? document : addExamples(document, model);
  });
  done();
};
