/** The whole service in one process, as server.ts and the tests start and stop it. */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type Config, storeLocation } from "../config.js";
import { chooseEngine } from "../engine/choose-engine.js";
import type { Engine } from "../engine/engine.js";
import type { JobStore } from "../jobs/job-store.js";
import type { JobWorker } from "../jobs/job-worker.js";
import { createJobQueue, createJobWorker, openJobStore, placeOfJobs } from "../jobs/start-jobs.js";
import type { ModelStore } from "../registry/model-store.js";
import { openStore } from "../registry/open-store.js";
import { Registry } from "../registry/registry.js";
import { Batcher } from "../serving/batcher.js";
import { Lifecycle } from "../serving/lifecycle.js";
import { Metrics } from "../serving/metrics.js";
import { eventLoop } from "../serving/scheduler.js";
import { ScoringService } from "../serving/scoring-service.js";
import { type AppOptions, createApp } from "./app.js";
import { BodyBudget } from "./body-budget.js";
import type { GrpcOptions, GrpcServer } from "./grpc/grpc-server.js";
import { LiveModels } from "./live-models.js";
import { MODEL_ANSWERS } from "./model-answers.js";
import type { Tracing } from "./tracing/tracing.js";

/** With two runs at once, the engine has its next batch when it ends one. */
const CONCURRENT_RUNS = 2;
/** The least time between "not ready" and the first refusal: requests that are being sent still get in. */
const LEAST_LAME_DUCK_MS = 100;
/** How long connections may take to close by themselves after their last answer. */
const GOODBYE_MS = 250;

export interface ServiceOptions {
  readonly config: Config;
  /** The program's version. */
  readonly version: string;
  readonly log: Logger;
  readonly timeouts?: AppOptions["timeouts"];
  /** How many lines of the log were dropped, for metrics. */
  readonly droppedLogLines?: () => number;
}

export class Service {
  readonly url: string;
  readonly models: LiveModels;
  /**
   * Resolves when every version has been loaded or refused; rejects with InputError where the engine cannot
   * be had.
   */
  readonly loaded: Promise<void>;
  readonly #options: ServiceOptions;
  readonly #store: ModelStore;
  readonly #app: FastifyInstance;
  readonly #lifecycle: Lifecycle;
  readonly #tracing: Tracing | undefined;
  /** Undefined where RESIDUA_ADMIN_TOKEN is not set. */
  readonly #jobs: { readonly store: JobStore; readonly worker: JobWorker } | undefined;
  /** Undefined where RESIDUA_GRPC_PORT is not set. */
  readonly grpc: GrpcServer | undefined;
  #engine: Engine | undefined;
  #stopped: Promise<boolean> | undefined;

  private constructor(
    options: ServiceOptions,
    app: FastifyInstance,
    grpc: GrpcServer | undefined,
    {
      store,
      lifecycle,
      models,
      tracing,
      jobs,
      url,
    }: {
      store: ModelStore;
      lifecycle: Lifecycle;
      models: LiveModels;
      tracing: Tracing | undefined;
      jobs: Awaited<ReturnType<typeof startJobs>>;
      url: string;
    },
  ) {
    this.#options = options;
    this.#store = store;
    this.#app = app;
    this.grpc = grpc;
    this.#lifecycle = lifecycle;
    this.models = models;
    this.#tracing = tracing;
    this.#jobs = jobs;
    this.url = url;
    this.loaded = this.#load();
  }

  /** Resolves when the service listens; models are loaded after that. */
  static async start(options: ServiceOptions): Promise<Service> {
    const { config } = options;
    const store = openStore(storeLocation(config), (sentence) => options.log.warn({}, sentence));
    const lifecycle = new Lifecycle();
    const models = new LiveModels(config.RESIDUA_READY);
    const metrics = new Metrics(() => models.versions());
    const batcher = new Batcher({
      maxBatchWindows: config.RESIDUA_MAX_BATCH_WINDOWS,
      maxWaitMs: config.RESIDUA_MAX_WAIT_MS,
      maxQueueWindows: config.RESIDUA_MAX_QUEUE_WINDOWS,
      concurrentRuns: CONCURRENT_RUNS,
      scheduler: eventLoop,
      observer: metrics,
    });
    metrics.watchQueue(batcher);
    metrics.watchModels(() => models.states());
    metrics.watchService(
      () => !lifecycle.isEnding && models.problems().length === 0,
      () => models.engineRestarts,
    );
    metrics.watchStore(() => models.storeProblem === undefined);
    metrics.watchLog(options.droppedLogLines ?? (() => 0));
    const scoring = new ScoringService(batcher, metrics);
    const tracing = await startTracing(options);
    const jobs = await startJobs(options, store, models);
    const budget = new BodyBudget(config.RESIDUA_MAX_BODY_BYTES_IN_FLIGHT, options.timeouts?.stalledMs);
    const parts = { ...options, lifecycle, metrics, models, scoring, tracing, jobs, budget };
    const app = await createApp(parts);
    await app.listen({ host: config.HOST, port: config.PORT }).catch(async (error: unknown) => {
      await jobs?.store.close();
      throw error;
    });
    const { address, family, port } = app.server.address() as AddressInfo;
    const url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
    options.log.info({ models: config.RESIDUA_MODELS }, `listening on ${url}`);
    const grpc = await startGrpc(parts).catch(async (error: unknown) => {
      await app.close();
      await jobs?.store.close();
      throw error;
    });
    return new Service(options, app, grpc, { store, lifecycle, models, tracing, jobs, url });
  }

  async #load(): Promise<void> {
    const { config, log } = this.#options;
    const { engine, reason } = await chooseEngine(config.RESIDUA_ENGINE, {
      threads: config.RESIDUA_THREADS,
      maxBatchWindows: config.RESIDUA_MAX_BATCH_WINDOWS,
      wideVectors: config.RESIDUA_WIDE_VECTORS,
      log: (level, message) => log[level](message),
    });
    this.#engine = engine;
    if (this.#lifecycle.isEnding) return;
    const residentMiB = Math.round(process.memoryUsage.rss() / 2 ** 20);
    log.info(
      { engine: engine.name, device: engine.device, threads: config.RESIDUA_THREADS, residentMiB },
      reason,
    );
    const registry = await Registry.open({
      store: this.#store,
      engine,
      slots: [MODEL_ANSWERS],
      liveVersions: config.RESIDUA_LIVE_VERSIONS,
      pollSeconds: config.RESIDUA_POLL_SECONDS,
      log,
    });
    this.models.connect(registry, engine);
    await registry.poll();
    if (this.#lifecycle.phase === "starting") this.#lifecycle.phase = "serving";
    this.#jobs?.worker.look();
  }

  /**
   * Ends the service: not ready for a while, then takes nothing new, waits for what is in flight, and closes.
   * @returns whether everything in flight was answered.
   */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<boolean> {
    const { config, log } = this.#options;
    this.#lifecycle.phase = "lameDuck";
    log.info({ seconds: config.RESIDUA_LAME_DUCK_SECONDS }, "no longer ready, still serving");
    await sleep(Math.max(LEAST_LAME_DUCK_MS, config.RESIDUA_LAME_DUCK_SECONDS * 1000));
    this.#lifecycle.phase = "draining";
    log.info({ inFlight: this.#lifecycle.inFlight }, "draining");
    const closed = Promise.all([this.#app.close(), this.grpc?.drain(), this.#jobs?.worker.stop()]);
    const timer = new AbortController();
    await Promise.race([
      this.#lifecycle.whenIdle(),
      sleep(config.RESIDUA_DRAIN_SECONDS * 1000, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    const unanswered = this.#lifecycle.inFlight;
    if (unanswered > 0) log.warn({ unanswered }, "the time to drain is over");
    this.#app.server.closeIdleConnections();
    await Promise.race([closed, sleep(GOODBYE_MS)]);
    this.#app.server.closeAllConnections();
    this.grpc?.close();
    // What still waits for an object store that is away would hold up the end.
    await this.#store.close();
    await closed;
    // Requests that were still being answered may have needed it.
    await this.#jobs?.store.close();
    await this.#tracing?.close();
    // A first close stops the loading; what has been loaded by the end of it is closed by the second.
    await this.models.close();
    await this.loaded.catch(() => undefined);
    await this.models.close();
    await this.#engine?.close();
    return unanswered === 0;
  }
}

/** Jobs are ordered with the admin token; a service without one leaves them to others. */
async function startJobs({ config, log }: ServiceOptions, published: ModelStore, models: LiveModels) {
  if (config.RESIDUA_ADMIN_TOKEN === undefined) return undefined;
  const store = await openJobStore(config, log);
  const queue = createJobQueue(store, config, published);
  const worker = createJobWorker(store, config, {
    models: published,
    // Scoring keeps a core where there is more than one.
    threads: Math.max(1, config.RESIDUA_THREADS - 1),
    log,
    onPublished: async () => models.registry.poll(),
  });
  const maxJobs = config.RESIDUA_MAX_JOBS;
  const by = maxJobs === 0 ? ", and run by others" : "";
  log.info({ maxJobs }, `jobs are kept in ${placeOfJobs(config)}${by}`);
  return { store, queue, worker, bodyLimitBytes: config.RESIDUA_JOB_BODY_LIMIT_BYTES };
}

/** Loaded where the setting asks for it only, as is gRPC. */
async function startTracing({ config, version, log }: ServiceOptions): Promise<Tracing | undefined> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const { Tracing } = await import("./tracing/tracing.js");
  return Tracing.start({ endpoint, version, log });
}

async function startGrpc(
  parts: Omit<GrpcOptions, "port"> & { config: Config },
): Promise<GrpcServer | undefined> {
  const port = parts.config.RESIDUA_GRPC_PORT;
  if (port === undefined) return undefined;
  const { GrpcServer } = await import("./grpc/grpc-server.js");
  return GrpcServer.start({ ...parts, port });
}
