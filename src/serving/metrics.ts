/** The metrics that Prometheus reads, fed by the HTTP layer, the batcher and the scoring service. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { BatchTarget } from "./batch-job.js";
import type { Batcher, BatchObserver } from "./batcher.js";
import { Histogram, type HistogramSeries } from "./histogram.js";
import type { ScorableModel, ScoredWindows } from "./score-result.js";
import type { ScoringObserver } from "./scoring-service.js";

const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ENGINE_SECONDS = [0.0001, 0.00025, ...REQUEST_SECONDS];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const SCORES = [-5, -4, -3, -2, -1, 0, 1, 2, 3].flatMap((power) => [
  Number(`1e${power}`),
  Number(`3e${power}`),
]);

/** A version as `GET /v1/models` lists it. */
export interface ListedVersion {
  readonly model: string;
  readonly version: string;
  readonly state: string;
}

/** What is counted about one version. */
interface VersionFigures {
  readonly model: string;
  readonly version: string;
  readonly wait: HistogramSeries;
  readonly engine: HistogramSeries;
  readonly score: HistogramSeries;
  anomalous: number;
}

export class Metrics implements BatchObserver, ScoringObserver {
  readonly registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status_code">;
  readonly #wait: Histogram<"model" | "version">;
  readonly #engine: Histogram<"model" | "version">;
  readonly #score: Histogram<"model" | "version">;
  readonly #batchWindows: HistogramSeries;
  readonly #batchRequests: HistogramSeries;
  readonly #requestSeries = new Map<string, HistogramSeries>();
  readonly #clientGone: Counter<"method" | "route">;
  /** By name and version, so that a version that is loaded again counts on. */
  readonly #figures = new Map<string, Map<string, VersionFigures>>();
  readonly #versions: () => readonly ListedVersion[];

  /**
   * @param versions lists the versions there are; those that are no longer in memory are dropped from the
   *   metrics.
   */
  constructor(versions: () => readonly ListedVersion[]) {
    const { registry } = this;
    this.#versions = versions;
    collectDefaultMetrics({ register: registry });
    const labels = ["model", "version"] as const;
    this.#requests = new Histogram(registry, {
      name: "http_request_duration_seconds",
      help: "Time from a request's headers to the end of its response",
      labels: ["method", "route", "status_code"],
      buckets: REQUEST_SECONDS,
    });
    this.#wait = new Histogram(registry, {
      name: "residua_queue_wait_seconds",
      help: "Time the windows of a request waited for the engine",
      labels,
      buckets: ENGINE_SECONDS,
    });
    this.#engine = new Histogram(registry, {
      name: "residua_engine_seconds",
      help: "Time of an engine run",
      labels,
      buckets: ENGINE_SECONDS,
    });
    this.#score = new Histogram(registry, {
      name: "residua_window_score",
      help: "Anomaly scores of windows",
      labels,
      buckets: SCORES,
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
    this.#addCounters();
    this.#addVersionGauge();
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
    this.#figuresOf(target).engine.observe(run.seconds);
  }

  /** Windows were scored. */
  scored(model: ScorableModel, { scores, anomalous }: ScoredWindows): void {
    const figures = this.#figuresOf(model);
    for (let window = 0; window < scores.count; window++) {
      const score = scores.score[window]!;
      if (!Number.isNaN(score)) figures.score.observe(score);
      if (anomalous[window] === 1) figures.anomalous += 1;
    }
  }

  /** @param ms how long the windows of a request waited for the engine. */
  waited(model: ScorableModel, ms: number): void {
    this.#figuresOf(model).wait.observe(ms / 1000);
  }

  #figuresOf({ name, version }: BatchTarget): VersionFigures {
    let versions = this.#figures.get(name);
    if (versions === undefined) {
      versions = new Map();
      this.#figures.set(name, versions);
    }
    let figures = versions.get(version);
    if (figures === undefined) {
      figures = {
        model: name,
        version,
        wait: this.#wait.with(name, version),
        engine: this.#engine.with(name, version),
        score: this.#score.with(name, version),
        anomalous: 0,
      };
      versions.set(version, figures);
    }
    return figures;
  }

  /** The figures of every version that was asked to score something. */
  *#allFigures(): Generator<VersionFigures, void> {
    for (const versions of this.#figures.values()) yield* versions.values();
  }

  #addCounters(): void {
    const registers = [this.registry];
    const requests = this.#requests;
    const figures = () => this.#allFigures();
    new Counter({
      name: "http_requests_total",
      help: "Requests answered",
      labelNames: ["method", "route", "status_code"],
      registers,
      collect() {
        this.reset();
        for (const { labels, series } of requests.entries()) this.inc(labels, series.count);
      },
    });
    new Counter({
      name: "residua_windows_total",
      help: "Windows scored",
      labelNames: ["model", "version"],
      registers,
      collect() {
        this.reset();
        for (const { model, version, score } of figures()) this.inc({ model, version }, score.count);
      },
    });
    new Counter({
      name: "residua_anomalous_windows_total",
      help: "Windows found anomalous; over residua_windows_total, the anomalous share",
      labelNames: ["model", "version"],
      registers,
      collect() {
        this.reset();
        for (const { model, version, anomalous } of figures()) this.inc({ model, version }, anomalous);
      },
    });
  }

  #addVersionGauge(): void {
    const listed = () => {
      const versions = this.#versions();
      const known = new Set(versions.filter(({ state }) => state !== "stored").map(keyOf));
      for (const histogram of [this.#wait, this.#engine, this.#score]) {
        histogram.retain((labels) => known.has(keyOf(labels)));
      }
      for (const [model, figures] of this.#figures) {
        for (const version of figures.keys())
          if (!known.has(keyOf({ model, version }))) figures.delete(version);
        if (figures.size === 0) this.#figures.delete(model);
      }
      return versions;
    };
    new Gauge({
      name: "residua_model_version",
      help: "1 for every published version, with its state",
      labelNames: ["model", "version", "state"],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const version of listed()) this.set({ ...version }, 1);
      },
    });
  }
}

function keyOf({ model, version }: { model: string; version: string }): string {
  return `${model}/${version}`;
}
