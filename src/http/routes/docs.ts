/** The OpenAPI document. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { keepAnswer } from "../kept-answer.js";

export const docsRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get("/openapi.json", { schema: { hide: true }, ...keepAnswer() }, () => app.swagger());
  done();
};
