/** What was taken from data files: the record that a person checks, and that a model keeps. */
import type { Resampling } from "../scoring/resampling.js";
import type { DataFile } from "./data-file.js";
import type { FoundReadings } from "./feature-readings.js";
import { usualStepMs } from "./gaps.js";
import type { LeftOut } from "./header.js";
import type { OrderedSeries } from "./series.js";

/** A feature, as it was read. Numbers are null where there is no reading. */
export interface TakenFeature {
  readonly name: string;
  readonly unit: string | null;
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
  /** Rows without a reading. */
  readonly missing: number;
  readonly distinct: number;
}

/** What was taken from data files. */
export interface DataTaken {
  readonly rows: number;
  readonly time: {
    readonly columns: readonly string[];
    /** RFC 3339 in UTC; of elapsed times, since 1970. */
    readonly first: string;
    readonly last: string;
    /** The median step; null where no step is above zero. */
    readonly stepMs: number | null;
    /** Rows with the time of another. */
    readonly duplicates: number;
    /** Steps that windows do not cross. */
    readonly gaps: number;
    /** Whether the rows of every series stand in order of time in the files. */
    readonly ordered: boolean;
    /** How the times are written, such as `DD/MM/YYYY hh:mm:ss`. */
    readonly format: string;
  } | null;
  readonly group: {
    readonly column: string;
    readonly values: readonly string[];
    /** Rows of each. */
    readonly rows: readonly number[];
  } | null;
  readonly features: readonly TakenFeature[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
  /** By feature, the numbers that were taken for missing. */
  readonly sentinels: Readonly<Record<string, readonly number[]>>;
  /** The rows that were made of those of the files; null where they are the same. */
  readonly resampled: (Resampling & { readonly rows: number }) | null;
}

/** What the record is made from. */
export interface TakenSource {
  readonly files: readonly DataFile[];
  readonly features: readonly string[];
  readonly readings: readonly FoundReadings[];
  readonly ordered: readonly OrderedSeries[];
  readonly maxGapMs: number | undefined;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
  readonly groupColumn: string | undefined;
  readonly resampled: (Resampling & { readonly rows: number }) | undefined;
}

/** Makes the record. */
export function takenOf(source: TakenSource): DataTaken {
  const { files, features, readings, ordered, groupColumn } = source;
  const groups = new Map<string, number>();
  for (const { series } of ordered) {
    if (series.group !== undefined) groups.set(series.group, (groups.get(series.group) ?? 0) + series.rows);
  }
  return {
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    time: timeOf(source),
    group:
      groupColumn === undefined
        ? null
        : { column: groupColumn, values: [...groups.keys()], rows: [...groups.values()] },
    features: features.map((name, index) => {
      const { min, median, max, missing, distinct } = readings[index]!.statistics;
      const unit = files[0]!.features[index]!.unit ?? null;
      return { name, unit, min: orNull(min), median: orNull(median), max: orNull(max), missing, distinct };
    }),
    leftOut: source.leftOut,
    notes: source.notes,
    sentinels: Object.fromEntries(
      features.flatMap((name, index) => {
        const values = readings[index]!.sentinels.map(({ value }) => value);
        return values.length === 0 ? [] : [[name, values] as const];
      }),
    ),
    resampled: source.resampled ?? null,
  };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function timeOf({ files, ordered, maxGapMs }: TakenSource): DataTaken["time"] {
  const time = files[0]?.time;
  if (time === undefined) return null;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let duplicates = 0;
  let gaps = 0;
  let isOrdered = true;
  const orders = ordered.flatMap(({ order }) => order ?? []);
  for (const order of orders) {
    const { ms } = order;
    if (ms.length > 0) {
      first = Math.min(first, ms[0]!);
      last = Math.max(last, ms[ms.length - 1]!);
    }
    duplicates += order.duplicates;
    isOrdered &&= order.backs === 0;
    if (maxGapMs === undefined) continue;
    for (let i = 1; i < ms.length; i++) if (ms[i]! - ms[i - 1]! > maxGapMs) gaps++;
  }
  return {
    columns: time.names,
    first: rfc3339(first),
    last: rfc3339(last),
    stepMs: usualStepMs(orders.map(({ ms }) => ms)) ?? null,
    duplicates,
    gaps,
    ordered: isOrdered,
    format: time.format.name,
  };
}

/** A time in UTC, without a fraction where it has none; an empty text where it is none that a calendar has. */
function rfc3339(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
}
