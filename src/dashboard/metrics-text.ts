/** The figures of `/metrics`: Prometheus' text format, as far as the operations page needs it. */

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([-+]?(?:\d[\w.+-]*|Inf)|NaN)(?: |$)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a text, in its order; comments are passed over. */
export function parseMetrics(text: string): MetricSample[] {
  return text.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, name = "", labels = "", value = ""] = match;
    return [{ name, labels: parseLabels(labels), value: parseValue(value) }];
  });
}

function parseLabels(text: string): Record<string, string> {
  const plain = (value: string) => value.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name, plain(value!)]));
}

function parseValue(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** Counts of a histogram's buckets, not cumulative. */
export interface Buckets {
  /** Upper bounds, increasing; the last is infinite. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export class Metrics {
  readonly atMs: number;
  readonly #byName = new Map<string, MetricSample[]>();

  /** @param atMs when it was read. */
  constructor(text: string, atMs: number) {
    this.atMs = atMs;
    for (const sample of parseMetrics(text)) {
      const all = this.#byName.get(sample.name);
      if (all === undefined) this.#byName.set(sample.name, [sample]);
      else all.push(sample);
    }
  }

  samples(name: string): readonly MetricSample[] {
    return this.#byName.get(name) ?? [];
  }

  /** The sum over all label sets that pass; 0 where there is none. */
  sum(name: string, passes: (labels: MetricSample["labels"]) => boolean = () => true): number {
    return this.samples(name).reduce((sum, { labels, value }) => (passes(labels) ? sum + value : sum), 0);
  }

  /** A histogram, summed over all label sets that pass. */
  buckets(name: string, passes: (labels: MetricSample["labels"]) => boolean = () => true): Buckets {
    const cumulative = new Map<number, number>();
    for (const { labels, value } of this.samples(`${name}_bucket`)) {
      if (!passes(labels)) continue;
      const bound = parseValue(labels["le"] ?? "");
      cumulative.set(bound, (cumulative.get(bound) ?? 0) + value);
    }
    const bounds = [...cumulative.keys()].sort((a, b) => a - b);
    const counts = bounds.map((bound, i) => cumulative.get(bound)! - (cumulative.get(bounds[i - 1]!) ?? 0));
    return { bounds, counts, sum: this.sum(`${name}_sum`, passes), count: this.sum(`${name}_count`, passes) };
  }
}

/** What was counted between two looks; all of it where the counters began anew in between. */
export function bucketsSince(now: Buckets, before: Buckets | undefined): Buckets {
  if (before === undefined || now.count < before.count) return now;
  const countBefore = new Map(before.bounds.map((bound, i) => [bound, before.counts[i]!]));
  return {
    bounds: now.bounds,
    counts: now.counts.map((count, i) => count - (countBefore.get(now.bounds[i]!) ?? 0)),
    sum: now.sum - before.sum,
    count: now.count - before.count,
  };
}

/** As Prometheus' histogram_quantile: linear within a bucket. Undefined where nothing was counted. */
export function quantileOf({ bounds, counts, count }: Buckets, share: number): number | undefined {
  if (count <= 0) return undefined;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const own = counts[i]!;
    if (own === 0 || below + own < share * count) {
      below += own;
      continue;
    }
    const low = i === 0 ? 0 : bounds[i - 1]!;
    if (!Number.isFinite(bounds[i]!)) return low;
    return low + ((bounds[i]! - low) * (share * count - below)) / own;
  }
  return bounds.at(-2);
}
