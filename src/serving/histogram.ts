/**
 * A histogram for hot paths: an observation is a binary search among the bounds and three additions. The
 * histogram of prom-client checks and hashes its labels at every observation; here a caller looks up its
 * series once.
 */
import type { Metric, Registry } from "prom-client";

export interface HistogramOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/** The observations with one combination of label values. */
export class HistogramSeries {
  readonly #bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length);
  }

  /** Adds an observation. */
  observe(value: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bounds[middle]! >= value) high = middle;
      else low = middle + 1;
    }
    if (low < this.counts.length) this.counts[low]! += 1;
    this.sum += value;
    this.count += 1;
  }
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export class Histogram<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly #labels: readonly L[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Record<L, string>; series: HistogramSeries }>();

  constructor(registry: Registry, options: HistogramOptions<L>) {
    this.name = options.name;
    this.help = options.help;
    this.#labels = options.labels;
    this.#bounds = options.buckets;
    // A registry uses nothing of a metric but its name and `get`.
    registry.registerMetric(this as unknown as Metric);
  }

  /** The series with these label values, which are given in the order of the labels. */
  with(...values: string[]): HistogramSeries {
    const key = values.join("\0");
    let entry = this.#series.get(key);
    if (entry === undefined) {
      const labels = Object.fromEntries(this.#labels.map((label, i) => [label, values[i] ?? ""]));
      entry = { labels: labels as Record<L, string>, series: new HistogramSeries(this.#bounds) };
      this.#series.set(key, entry);
    }
    return entry.series;
  }

  /** Every series with its labels. */
  entries(): Iterable<{ readonly labels: Record<L, string>; readonly series: HistogramSeries }> {
    return this.#series.values();
  }

  /** Drops the series for whose labels `keep` is false. */
  retain(keep: (labels: Record<L, string>) => boolean): void {
    for (const [key, { labels }] of this.#series) if (!keep(labels)) this.#series.delete(key);
  }

  /** Drops all series: prom-client's registry asks for it. */
  reset(): void {
    this.#series.clear();
  }

  /** Everything in the form that prom-client's registry prints. */
  async get() {
    const values: Sample[] = [];
    for (const { labels, series } of this.#series.values()) {
      let cumulative = 0;
      for (const [i, le] of this.#bounds.entries()) {
        cumulative += series.counts[i]!;
        values.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: cumulative });
      }
      values.push({
        metricName: `${this.name}_bucket`,
        labels: { le: "+Inf", ...labels },
        value: series.count,
      });
      values.push({ metricName: `${this.name}_sum`, labels, value: series.sum });
      values.push({ metricName: `${this.name}_count`, labels, value: series.count });
    }
    return { name: this.name, help: this.help, type: this.type, values, aggregator: this.aggregator };
  }
}
