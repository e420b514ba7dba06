/** The metrics of each version of a model: its waits, engine runs, scores and anomalies, and its state. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { BatchTarget } from "./batch-job.js";
import { addDriftMetrics, type DriftFigures } from "./drift-metrics.js";
import { Histogram, type HistogramSeries } from "./histogram.js";

const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const SCORES = [-5, -4, -3, -2, -1, 0, 1, 2, 3].flatMap((power) => [
  Number(`1e${power}`),
  Number(`3e${power}`),
]);
const LABELS = ["model", "version"] as const;

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
  /** That its threshold was chosen for; undefined where it was chosen otherwise, or is not known yet. */
  falseAlarmRate: number | undefined;
  readonly drift: DriftFigures;
}

/** What a version was asked to score, as `GET .../activity` answers. */
export interface VersionActivity {
  readonly windows: number;
  /** Null where no window was scored. */
  readonly anomalousShare: number | null;
  /** counts[i]: windows with a score of at most edges[i] and above the edge before it; the last: above all edges. */
  readonly scores: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** What the last series answer said that was long enough to say anything. */
  readonly drift: DriftFigures["last"];
}

export class VersionMetrics {
  readonly #wait: Histogram<"model" | "version">;
  readonly #engine: Histogram<"model" | "version">;
  readonly #score: Histogram<"model" | "version">;
  /** By name and version, so that a version that is loaded again counts on. */
  readonly #figures = new Map<string, Map<string, VersionFigures>>();

  /** @param versions lists the published versions; the figures of those no longer in memory are dropped. */
  constructor(registry: Registry, versions: () => readonly ListedVersion[]) {
    this.#wait = new Histogram(registry, {
      name: "residua_queue_wait_seconds",
      help: "Time the windows of a request waited for the engine",
      labels: LABELS,
      buckets: SECONDS,
    });
    this.#engine = new Histogram(registry, {
      name: "residua_engine_seconds",
      help: "Time of an engine run",
      labels: LABELS,
      buckets: SECONDS,
    });
    this.#score = new Histogram(registry, {
      name: "residua_window_score",
      help: "Anomaly scores of windows",
      labels: LABELS,
      buckets: SCORES,
    });
    this.#addCounters(registry);
    this.#addRateGauge(registry);
    addDriftMetrics(registry, () => this.#allFigures());
    this.#addStateGauge(registry, versions);
  }

  /** @returns zeros for a version that was not asked to score anything. */
  activityOf(model: string, version: string): VersionActivity {
    const figures = this.#figures.get(model)?.get(version);
    const { count = 0, counts = new Float64Array(SCORES.length) } = figures?.score ?? {};
    const above = count - counts.reduce((sum, own) => sum + own, 0);
    return {
      windows: count,
      anomalousShare: figures === undefined || count === 0 ? null : figures.anomalous / count,
      scores: { edges: SCORES, counts: [...counts, above] },
      drift: figures?.drift.last ?? null,
    };
  }

  /** The figures of a version, which its caller adds to. */
  of({ name, version }: BatchTarget): VersionFigures {
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
        falseAlarmRate: undefined,
        drift: { answers: 0, moved: 0, last: null },
      };
      versions.set(version, figures);
    }
    return figures;
  }

  /** The figures of every version that was asked to score something. */
  *#allFigures(): Generator<VersionFigures, void> {
    for (const versions of this.#figures.values()) yield* versions.values();
  }

  #addCounters(registry: Registry): void {
    const registers = [registry];
    const figures = () => this.#allFigures();
    new Counter({
      name: "residua_windows_total",
      help: "Windows scored",
      labelNames: LABELS,
      registers,
      collect() {
        this.reset();
        for (const { model, version, score } of figures()) this.inc({ model, version }, score.count);
      },
    });
    new Counter({
      name: "residua_anomalous_windows_total",
      help: "Windows found anomalous; over residua_windows_total, the anomalous share",
      labelNames: LABELS,
      registers,
      collect() {
        this.reset();
        for (const { model, version, anomalous } of figures()) this.inc({ model, version }, anomalous);
      },
    });
  }

  #addRateGauge(registry: Registry): void {
    const figures = () => this.#allFigures();
    new Gauge({
      name: "residua_false_alarm_rate",
      help: "The share of normal windows that the version's own threshold may find anomalous; requests may ask for another",
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, version, falseAlarmRate } of figures()) {
          if (falseAlarmRate !== undefined) this.set({ model, version }, falseAlarmRate);
        }
      },
    });
  }

  #addStateGauge(registry: Registry, versions: () => readonly ListedVersion[]): void {
    const listed = () => {
      const all = versions();
      this.#retain(new Set(all.filter(({ state }) => state !== "stored").map(keyOf)));
      return all;
    };
    new Gauge({
      name: "residua_model_version",
      help: "1 for every published version, with its state",
      labelNames: ["model", "version", "state"],
      registers: [registry],
      collect() {
        this.reset();
        for (const version of listed()) this.set({ ...version }, 1);
      },
    });
  }

  /** Drops the figures of the versions that are not in memory. */
  #retain(inMemory: ReadonlySet<string>): void {
    for (const histogram of [this.#wait, this.#engine, this.#score]) {
      histogram.retain((labels) => inMemory.has(keyOf(labels)));
    }
    for (const [model, figures] of this.#figures) {
      for (const version of figures.keys()) {
        if (!inMemory.has(keyOf({ model, version }))) figures.delete(version);
      }
      if (figures.size === 0) this.#figures.delete(model);
    }
  }
}

function keyOf({ model, version }: { model: string; version: string }): string {
  return `${model}/${version}`;
}
