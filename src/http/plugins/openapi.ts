/** OpenAPI 3.1 from the routes' own schemas, and a page to read it that needs no other server. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifySchema } from "fastify";
import fp from "fastify-plugin";
import { InferErrorSchema } from "../inference/infer-schema.js";
import type { LiveModels } from "../live-models.js";
import { addExamples } from "../openapi-document.js";
import { problemResponse } from "../problem.js";

export interface OpenapiOptions {
  /** Of the program. */
  readonly version: string;
  readonly models: LiveModels;
  readonly needsToken: boolean;
}

/** Has to be registered before the routes it is to describe. */
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
    await app.register(swaggerUi, {
      routePrefix: "/docs",
      transformSpecification: (document) => {
        const model = models.anyLive();
        return model === undefined ? document : addExamples(document, model);
      },
      // The page's own styles are inline; everything else comes from this server.
      staticCSP:
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
    });
  },
  { name: "openapi" },
);

/** Every route that is not open can answer 401. */
function withUnauthorized(schema: FastifySchema | undefined, url: string): FastifySchema {
  if (schema === undefined || schema.hide === true || schema.security?.length === 0) return schema ?? {};
  const unauthorized = url.startsWith("/v2") ? InferErrorSchema : problemResponse("UNAUTHORIZED");
  return { ...schema, response: { ...(schema.response as object), 401: unauthorized } };
}
