/**
 * The OpenAPI 3.1 document, made from the schemas of the routes, and a page that shows it without any other
 * server.
 */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifySchema } from "fastify";
import fp from "fastify-plugin";
import { InferErrorSchema } from "../inference/infer-schema.js";
import { keepAnswer } from "../kept-answer.js";
import type { LiveModels } from "../live-models.js";
import { addExamples } from "../openapi-document.js";
import { problemResponse } from "../problem.js";

const DOCS = "/docs";

export interface OpenapiOptions {
  /** The program's version. */
  readonly version: string;
  readonly models: LiveModels;
  readonly needsToken: boolean;
}

/** Must be registered before the routes: it describes those that are added after it. */
export const openapi = fp<OpenapiOptions>(
  async (app, { version, needsToken, models }) => {
    const bearer = { bearer: [] };
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: {
          title: "Residua",
          version,
          description: "Scores time series for anomalies with LSTM autoencoders.",
          license: { name: "Apache-2.0", identifier: "Apache-2.0" },
        },
        components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
        ...(needsToken ? { security: [bearer] } : {}),
      },
      transform: ({ schema, url }) => ({ url, schema: needsToken ? withUnauthorized(schema, url) : schema }),
    });
    app.addHook("onRoute", (route) => {
      const isDocument = route.url === `${DOCS}/json` || route.url === `${DOCS}/yaml`;
      if (isDocument) Object.assign(route, keepAnswer(models));
    });
    await app.register(swaggerUi, {
      routePrefix: DOCS,
      transformSpecification: (document) => {
        const model = models.anyLive();
        return model === undefined ? document : addExamples(document, model);
      },
      // The page has inline styles; everything else comes from this server.
      staticCSP:
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
    });
  },
  { name: "openapi" },
);

/** Adds the answer 401 to a route that needs a token. */
function withUnauthorized(schema: FastifySchema | undefined, url: string): FastifySchema {
  if (schema === undefined || schema.hide === true || schema.security?.length === 0) return schema ?? {};
  const unauthorized = url.startsWith("/v2") ? InferErrorSchema : problemResponse("UNAUTHORIZED");
  return { ...schema, response: { ...(schema.response as object), 401: unauthorized } };
}
