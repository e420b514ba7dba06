/** The HTTP server: its plugins and routes, in the order in which they are registered. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Logger } from "pino";
import type { Config } from "../config.js";
import type { Lifecycle } from "../serving/lifecycle.js";
import type { Metrics } from "../serving/metrics.js";
import type { ScoringService } from "../serving/scoring-service.js";
import type { BodyBudget } from "./body-budget.js";
import { BodyReader } from "./body-reader.js";
import { refuseBrokenRequests } from "./broken-request.js";
import { createHttpServer } from "./connections.js";
import { parseJson } from "./json-body.js";
import type { LiveModels } from "./live-models.js";
import { auth } from "./plugins/auth.js";
import { compression } from "./plugins/compression.js";
import { cors } from "./plugins/cors.js";
import { errors, sendProblem } from "./plugins/errors.js";
import { notFound } from "./plugins/not-found.js";
import { openapi } from "./plugins/openapi.js";
import { requests } from "./plugins/requests.js";
import { traces } from "./plugins/traces.js";
import { toResiduaError } from "./problem.js";
import { collectBody } from "./raw-body.js";
import { trustedProxies } from "./request-client.js";
import { requestIdSource } from "./request-id.js";
import { activityRoutes } from "./routes/activity.js";
import { aliasRoutes } from "./routes/aliases.js";
import { calibrationRoutes } from "./routes/calibration.js";
import { dashboardRoutes } from "./routes/dashboard.js";
import { deletionRoutes } from "./routes/deletion.js";
import { docsRoutes } from "./routes/docs.js";
import { healthRoutes } from "./routes/health.js";
import { inferenceRoutes } from "./routes/inference.js";
import { type JobOrdersOptions, jobOrderRoutes } from "./routes/job-orders.js";
import { jobRoutes } from "./routes/jobs.js";
import { metricsRoutes } from "./routes/metrics.js";
import { modelRoutes } from "./routes/models.js";
import { problemRoutes } from "./routes/problems.js";
import { readingsRoutes } from "./routes/readings.js";
import { sampleRoutes } from "./routes/sample.js";
import { scoreRoutes } from "./routes/score.js";
import { TIMEOUTS, type Timeouts } from "./timeouts.js";
import type { Tracing } from "./tracing/tracing.js";
import { validatorCompiler } from "./validation.js";

export interface AppOptions {
  readonly config: Pick<
    Config,
    | "RESIDUA_BODY_LIMIT_BYTES"
    | "RESIDUA_WRITE_TIMEOUT_SECONDS"
    | "RESIDUA_ADMIN_TOKEN"
    | "RESIDUA_API_TOKEN"
    | "RESIDUA_CORS_ORIGINS"
    | "RESIDUA_TRUST_PROXY"
  >;
  /** The program's version, for the OpenAPI document. */
  readonly version: string;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly models: LiveModels;
  readonly scoring: ScoringService;
  /** Counts the bytes of bodies that are held at once. */
  readonly budget: BodyBudget;
  /** Undefined where no admin token is set. */
  readonly jobs?: JobOrdersOptions | undefined;
  /** Undefined where no traces are asked for. */
  readonly tracing?: Tracing | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** Makes a server that is ready to listen. Closing it closes none of what it is given in `options`. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, log, lifecycle, metrics, models, scoring, budget } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const bodyLimitBytes = config.RESIDUA_BODY_LIMIT_BYTES;
  const nextId = requestIdSource();
  const refuseBroken = refuseBrokenRequests({ log, metrics, nextId: () => nextId({ headers: {} }) });
  const app = fastify({
    // Fastify logs warnings only; the plugin `requests` writes one line for each request.
    loggerInstance: log.child({}, { level: "warn" }) as FastifyBaseLogger,
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    trustProxy: trustedProxies(config.RESIDUA_TRUST_PROXY),
    genReqId: nextId,
    return503OnClosing: false,
    serverFactory: (handle) =>
      createHttpServer(
        {
          headersTimeout: timeouts.headersMs,
          connectionsCheckingInterval: timeouts.checkMs,
          // Node would refuse such a request by itself, without an id; the plugin `requests` does.
          requireHostHeader: false,
        },
        {
          requestTimeoutMs: timeouts.requestMs,
          keepAliveTimeoutMs: timeouts.keepAliveMs,
          writeTimeoutMs: config.RESIDUA_WRITE_TIMEOUT_SECONDS * 1000,
        },
        handle,
      ),
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
    clientErrorHandler: refuseBroken,
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      const refusal = toResiduaError(error, bodyLimitBytes);
      sendProblem(reply, refusal, request);
      // Its hooks are not called, since it has no route.
      metrics.requested(request.method, "none", refusal.status, reply.elapsedTime / 1000);
      log.info({ reqId: request.id, method: request.method, path: request.url, status: refusal.status });
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.on("connect", (_request, socket) => {
    refuseBroken(Object.assign(new Error("CONNECT"), { code: "METHOD_CONNECT" }), socket);
  });
  // Expectations that nobody knows are ignored, as RFC 9110 allows: Node would answer 417 without an id.
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
  takeJson(app, bodyLimitBytes);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => JSON.stringify);

  await app.register(errors, { log, bodyLimitBytes });
  await app.register(requests, { log, lifecycle, metrics });
  await app.register(traces, { tracing: options.tracing });
  await app.register(compression);
  if (config.RESIDUA_CORS_ORIGINS !== undefined) {
    await app.register(cors, { origins: config.RESIDUA_CORS_ORIGINS });
  }
  await app.register(auth, {
    apiToken: config.RESIDUA_API_TOKEN,
    adminToken: config.RESIDUA_ADMIN_TOKEN,
  });
  await app.register(notFound);
  await app.register(openapi, { version: options.version, models });

  await app.register(healthRoutes, {
    lifecycle,
    readiness: () => models.problems(),
    storeProblem: () => models.storeProblem,
  });
  await app.register(metricsRoutes, { metrics });
  await app.register(docsRoutes);
  await app.register(problemRoutes);
  await app.register(dashboardRoutes, { version: options.version });
  await app.register(modelRoutes, { models });
  await app.register(calibrationRoutes, { models });
  await app.register(activityRoutes, { models, metrics });
  await app.register(sampleRoutes, { models });
  const bodies = new BodyReader(timeouts.readingMs);
  app.addHook("onClose", () => bodies.close());
  await app.register(readingsRoutes, { models, bodies, budget, bodyLimitBytes });
  if (config.RESIDUA_ADMIN_TOKEN !== undefined) await app.register(aliasRoutes, { models });
  if (options.jobs !== undefined) {
    await app.register(jobRoutes, { ...options.jobs, lifecycle, models });
    await app.register(jobOrderRoutes, { ...options.jobs, times: timeouts });
    await app.register(deletionRoutes, { models, queue: options.jobs.queue });
  }
  await app.register(scoreRoutes, { log, models, scoring, bodies, budget, bodyLimitBytes });
  await app.register(inferenceRoutes, {
    prefix: "/v2",
    version: options.version,
    log,
    lifecycle,
    models,
    scoring,
    bodies,
    budget,
    bodyLimitBytes,
  });
  await app.ready();
  return app as unknown as FastifyInstance;
}

/** Parses JSON bodies, for the routes that do not read their bodies themselves. */
function takeJson(
  app: Pick<FastifyInstance, "addContentTypeParser" | "removeAllContentTypeParsers">,
  limitBytes: number,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", (request, payload, done) => {
    collectBody(request.headers["content-encoding"], payload, limitBytes, (error, body) => {
      if (error !== null) return done(error);
      // Some clients send a content type with every request, even where there is no body.
      if (body!.length === 0 && request.method === "DELETE") return done(null);
      try {
        done(null, parseJson(body!.toBytes()));
      } catch (fault) {
        done(fault as Error);
      }
    });
  });
}
