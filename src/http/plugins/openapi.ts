/**
 * The OpenAPI 3.1 document, made from the schemas of the routes, and a page that shows it without any other
 * server.
 */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import fp from "fastify-plugin";
import { DOCS_SCRIPT } from "../docs-page.js";
import { InferErrorSchema } from "../inference/infer-schema.js";
import { keepAnswer } from "../kept-answer.js";
import type { LiveModels } from "../live-models.js";
import { completeAnswers } from "../openapi/answers.js";
import { nameComponents } from "../openapi/components.js";
import type { Document } from "../openapi/document.js";
import { addStaticExamples } from "../openapi/examples.js";
import { addExamples } from "../openapi/live-examples.js";
import { addMediaTypes } from "../openapi/media-types.js";
import { ProblemSchema } from "../problem.js";

const DOCS = "/docs";

export interface OpenapiOptions {
  /** The program's version. */
  readonly version: string;
  readonly models: LiveModels;
}

const BEARER = {
  type: "http",
  scheme: "bearer",
  description: "RESIDUA_API_TOKEN, or RESIDUA_ADMIN_TOKEN; without them the service needs none",
} as const;

const TAGS = [
  { name: "scoring", description: "Scores of windows and series" },
  { name: "models", description: "Published models and their versions" },
  { name: "jobs", description: "Training and renewal by request" },
  { name: "operations", description: "Probes, figures, and pages on errors" },
  { name: "open inference protocol", description: "Version 2, for clients of KServe, Triton and MLServer" },
];

const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Must be registered before the routes: it describes those that are added after it. */
export const openapi = fp<OpenapiOptions>(
  async (app, { version, models }) => {
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: {
          title: "Residua",
          version,
          description: "Scores time series for anomalies with LSTM autoencoders.",
          license: { name: "Apache-2.0", identifier: "Apache-2.0" },
        },
        servers: [{ url: "/", description: "This service" }],
        tags: TAGS,
        components: { securitySchemes: { bearer: BEARER } },
        security: [{ bearer: [] }],
      },
      transformObject: (made) => {
        const document = ("openapiObject" in made ? made.openapiObject : {}) as unknown as Document;
        completeAnswers(document, ProblemSchema, InferErrorSchema);
        addMediaTypes(document);
        nameComponents(document);
        addStaticExamples(document);
        return document as object;
      },
    });
    // The page and its files are open to all; the document that they show is not.
    app.addHook("onRoute", (route) => {
      if (/^\/docs(\/(?!json$|yaml$)|$)/.test(route.url)) route.config = { ...route.config, isOpen: true };
    });
    app.addHook("onRoute", (route) => {
      const isDocument = route.url === `${DOCS}/json` || route.url === `${DOCS}/yaml`;
      if (isDocument) Object.assign(route, keepAnswer(models));
    });
    await app.register(swaggerUi, {
      routePrefix: DOCS,
      theme: { title: "Residua: HTTP API", js: [{ filename: "docs-page.js", content: DOCS_SCRIPT }] },
      transformSpecification: (document) => {
        const model = models.anyLive();
        return model === undefined ? document : addExamples(document, model);
      },
      staticCSP: DOCS_POLICY,
    });
  },
  { name: "openapi" },
);
