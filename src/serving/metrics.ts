/** The metrics that Prometheus reads, fed by the HTTP layer, the batcher and the scoring service. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Drift } from "../scoring/drift-decision.js";
import type { BatchTarget } from "./batch-job.js";
import type { Batcher, BatchObserver } from "./batcher.js";
import { Histogram, type HistogramSeries } from "./histogram.js";
import { MetricsPage } from "./metrics-page.js";
import type { ScorableModel, ScoredWindows } from "./score-result.js";
import type { ScoringObserver } from "./scoring-service.js";
import { type ListedVersion, type VersionActivity, VersionMetrics } from "./version-metrics.js";

const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export class Metrics implements BatchObserver, ScoringObserver {
  readonly registry = new Registry();
  readonly page = new MetricsPage(this.registry);
  readonly #since = new Date().toISOString();
  readonly #requests: Histogram<"method" | "route" | "status_code">;
  readonly #batchWindows: HistogramSeries;
  readonly #batchRequests: HistogramSeries;
  readonly #requestSeries = new Map<string, HistogramSeries>();
  readonly #clientGone: Counter<"method" | "route">;
  readonly #versions: VersionMetrics;

  /**
   * @param versions lists the published versions; those that are no longer in memory are dropped from the metrics.
   */
  constructor(versions: () => readonly ListedVersion[]) {
    const { registry } = this;
    collectDefaultMetrics({ register: registry });
    this.#requests = new Histogram(registry, {
      name: "http_request_duration_seconds",
      help: "Time from a request's headers to the end of its response",
      labels: ["method", "route", "status_code"],
      buckets: REQUEST_SECONDS,
    });
    const unlabelled = { labels: [], buckets: BATCH_SIZES };
    this.#batchWindows = new Histogram(registry, {
      name: "residua_batch_windows",
      help: "Windows in an engine run",
      ...unlabelled,
    }).with();
    this.#batchRequests = new Histogram(registry, {
      name: "residua_batch_requests",
      help: "Requests that shared an engine run",
      ...unlabelled,
    }).with();
    this.#clientGone = new Counter({
      name: "residua_client_gone_total",
      help: "Requests whose client hung up before they were answered",
      labelNames: ["method", "route"],
      registers: [registry],
    });
    this.#addRequestCounter();
    this.#versions = new VersionMetrics(registry, versions);
  }

  /** Adds the gauges of a batcher's queue. To be called once. */
  watchQueue(batcher: Batcher): void {
    const registers = [this.registry];
    new Gauge({
      name: "residua_queue_windows",
      help: "Windows waiting for the engine",
      registers,
      collect() {
        this.set(batcher.waitingWindows);
      },
    });
    new Gauge({
      name: "residua_queue_limit_windows",
      help: "Most windows that may wait",
      registers,
      collect() {
        this.set(batcher.maxQueueWindows);
      },
    });
  }

  /** Adds the gauge of the models' readiness. To be called once. */
  watchModels(states: () => readonly { readonly model: string; readonly isReady: boolean }[]): void {
    new Gauge({
      name: "residua_model_ready",
      help: "1 where a model's newest valid version and the targets of its aliases are live and its folder is sound, else 0",
      labelNames: ["model"],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { model, isReady } of states()) this.set({ model }, isReady ? 1 : 0);
      },
    });
  }

  /**
   * Adds the gauge of the service's readiness and the counter of the engine's restarts. To be called once.
   * @param isReady whether /readyz answers 200.
   * @param restarts of the engine; 0 before it has started.
   */
  watchService(isReady: () => boolean, restarts: () => number): void {
    const registers = [this.registry];
    new Gauge({
      name: "residua_ready",
      help: "1 where /readyz answers 200, else 0",
      registers,
      collect() {
        this.set(isReady() ? 1 : 0);
      },
    });
    new Counter({
      name: "residua_engine_restarts_total",
      help: "How often the engine's threads, or the process that owns the device, ended unasked and were started again",
      registers,
      collect() {
        this.reset();
        this.inc(restarts());
      },
    });
  }

  /** Adds the gauge of the store of models. To be called once. @param isReachable whether it could be read the last time. */
  watchStore(isReachable: () => boolean): void {
    new Gauge({
      name: "residua_store_reachable",
      help: "1 where the folder of models or the object store could be read the last time, else 0; what is live serves on",
      registers: [this.registry],
      collect() {
        this.set(isReachable() ? 1 : 0);
      },
    });
  }

  /** Adds the counter of lines that the log has lost. To be called once. */
  watchLog(dropped: () => number): void {
    new Counter({
      name: "residua_log_lines_dropped_total",
      help: "Lines of the log that were dropped because nobody read them",
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(dropped());
      },
    });
  }

  /** A request ended. @param route its pattern, not its path. @param seconds from its headers to its end. */
  requested(method: string, route: string, statusCode: number, seconds: number): void {
    const key = `${method} ${statusCode} ${route}`;
    let series = this.#requestSeries.get(key);
    if (series === undefined) {
      series = this.#requests.with(method, route, String(statusCode));
      this.#requestSeries.set(key, series);
    }
    series.observe(seconds);
  }

  /** A client hung up before its request was answered. @param route its pattern, not its path. */
  clientGone(method: string, route: string): void {
    this.#clientGone.inc({ method, route });
  }

  /** An engine run ended. */
  ran(target: BatchTarget, run: { windows: number; requests: number; seconds: number }): void {
    this.#batchWindows.observe(run.windows);
    this.#batchRequests.observe(run.requests);
    this.#versions.of(target).engine.observe(run.seconds);
  }

  /** Windows were scored. */
  scored(model: ScorableModel, { scores, anomalous }: ScoredWindows): void {
    const figures = this.#versions.of(model);
    figures.falseAlarmRate = model.manifest.threshold?.falseAlarmRate ?? undefined;
    for (let window = 0; window < scores.count; window++) {
      const score = scores.score[window]!;
      if (!Number.isNaN(score)) figures.score.observe(score);
      if (anomalous[window] === 1) figures.anomalous += 1;
    }
  }

  /** @param ms how long the windows of a request waited for the engine. */
  waited(model: ScorableModel, ms: number): void {
    this.#versions.of(model).wait.observe(ms / 1000);
  }

  /** A series was scored that was long enough to say whether the normal level has moved. */
  drifted(model: ScorableModel, drift: Drift): void {
    const figures = this.#versions.of(model).drift;
    figures.answers += 1;
    if (drift.moved) figures.moved += 1;
    figures.last = drift;
  }

  /** What a version was asked to score since this object was made. */
  activityOf(model: string, version: string): VersionActivity & { readonly since: string } {
    return { since: this.#since, ...this.#versions.activityOf(model, version) };
  }

  #addRequestCounter(): void {
    const requests = this.#requests;
    new Counter({
      name: "http_requests_total",
      help: "Requests answered",
      labelNames: ["method", "route", "status_code"],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels, series } of requests.entries()) this.inc(labels, series.count);
      },
    });
  }
}
