/** What the service answers, as far as the page reads it. */

export type { AnomalyEvent as ServiceEvent } from "../scoring/events.js";

export interface VersionListing {
  readonly version: string;
  readonly state: string;
  readonly sha256: string | null;
  readonly engine: string | null;
  readonly device: string | null;
  readonly reason: string | null;
}

export interface ModelListing {
  readonly name: string;
  readonly aliases: Readonly<Record<string, string>>;
  /** Newest first. */
  readonly versions: readonly VersionListing[];
}

export interface StoreListing {
  readonly models: readonly ModelListing[];
  /** Why the store of models could not be read the last time; the models are then those of before. */
  readonly problem: string | null;
}

export interface ManifestAlarms {
  readonly begin: { readonly k: number; readonly n: number };
  readonly normal: { readonly median: number; readonly upper: number };
  readonly errorLimit: number;
}

export interface DataTaken {
  readonly rows?: number;
  readonly time?: { readonly first?: string; readonly last?: string; readonly stepMs?: number } | null;
  readonly features?: readonly {
    readonly name: string;
    readonly min: number | null;
    readonly median: number | null;
    readonly max: number | null;
    readonly missing: number;
  }[];
  readonly leftOut?: readonly { readonly name: string; readonly reason: string }[];
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly createdAt: string;
  readonly family: string;
  readonly timesteps: number;
  readonly features: readonly { readonly name: string; readonly unit: string | null }[];
  readonly heads: readonly { readonly name: string; readonly steps: number }[];
  readonly loss: string;
  readonly scorers: readonly string[];
  readonly threshold: {
    readonly method: string;
    readonly scorer: string;
    readonly falseAlarmRate: number | null;
    readonly value: number;
    readonly timestepValue: number;
  } | null;
  readonly training: Readonly<Record<string, unknown>>;
  readonly alarms?: {
    readonly stepMs: number | null;
    readonly falseAlarms: string | null;
    readonly scorers: Readonly<Record<string, ManifestAlarms>>;
  };
  readonly data?: DataTaken;
}

export type Pairs = readonly (readonly [number, number])[];

export interface Sample {
  readonly n: number;
  readonly blocks: number;
  /** [share, score] */
  readonly quantiles: Pairs;
}

export interface Calibration {
  readonly scorers: Readonly<Record<string, { readonly windows: Sample; readonly timesteps: Sample }>>;
  readonly alarms: {
    readonly scorer: string;
    readonly begin: { readonly k: number; readonly n: number };
    /** [threshold, events], thresholds going down. */
    readonly perWeek: Pairs | null;
    readonly per1000Rows: Pairs;
  } | null;
}

export interface Drift {
  readonly moved: boolean;
  readonly since: number | null;
  readonly pValue: number;
}

export interface Activity {
  readonly since: string;
  readonly windows: number;
  readonly anomalousShare: number | null;
  readonly scores: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  readonly drift: Drift | null;
}

export interface SeriesThreshold {
  readonly value: number;
  readonly method: string;
  readonly scorer: string;
  readonly falseAlarmRate: number | null;
  readonly falseAlarms: string | null;
  readonly alarm: { readonly k: number; readonly n: number; readonly endValue: number };
}

export interface ScoredBy {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly engine: string;
  readonly device: string;
}

/** What a data file holds, as a model reads it. */
export interface ReadingsAnswer {
  readonly features: readonly string[];
  readonly maxGapMs: number | null;
  readonly notes: readonly string[];
  readonly series: readonly {
    readonly group: string | null;
    readonly rows: number;
    readonly timestamps: readonly number[] | null;
    readonly readings: readonly (readonly (number | null)[])[];
  }[];
}
