/** OpenAPI 3.1 from the routes' own schemas, and a page to read it that needs no other server. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import fp from "fastify-plugin";

export interface OpenapiOptions {
  readonly version: string;
  readonly needsToken: boolean;
}

/** Has to be registered before the routes it is to describe. */
export const openapi = fp<OpenapiOptions>(
  async (app, { version, needsToken }) => {
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
    });
    await app.register(swaggerUi, {
      routePrefix: "/docs",
      // The page's own styles are inline; everything else comes from this server.
      staticCSP:
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
    });
  },
  { name: "openapi" },
);
