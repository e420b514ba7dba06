/** What scoring a request gives: typed arrays, with the model that they come from. */
import type { Manifest, Threshold } from "../registry/manifest.js";
import type { Drift } from "../scoring/drift-decision.js";
import type { AnomalyEvent, EventRule, EventWindows } from "../scoring/events.js";
import type { NormalBehaviour } from "../scoring/normal-behaviour.js";
import type { Calibration } from "../scoring/thresholds.js";
import type { NetworkOutputs, ScoringModel, WindowScores } from "../scoring/window-scoring.js";
import type { BatchTarget } from "./batch-job.js";

/** What scoring needs of a live version. */
export interface ScorableModel extends BatchTarget {
  readonly sha256: string;
  readonly engine: string;
  readonly device: string;
  readonly manifest: Manifest;
  readonly scoring: ScoringModel;
  readonly calibration: Calibration | undefined;
  readonly behaviour: NormalBehaviour | undefined;
}

/** A slice of a request: n consecutive windows that were scored together. */
export interface ScoredWindows {
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
  /** [n]; NaN without calibration or without a score. */
  readonly pValue: Float64Array;
  /** [n]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
}

export const NO_VERDICT = -1;

export interface Timing {
  /** From the submission of the request to the start of its first engine run. */
  readonly queueMs: number;
  /** From there to the end of its last run. */
  readonly computeMs: number;
}

export interface WindowsResult extends Timing {
  readonly model: ScorableModel;
  readonly threshold: Threshold | null;
  readonly count: number;
  /** In order. A small request is one slice. */
  readonly slices: readonly ScoredWindows[];
}

/** What the timesteps of a series are judged by. */
export interface SeriesThreshold {
  /** A stitched timestep is anomalous above this score. */
  readonly value: number;
  /** `falseAlarms`: so that normal rows have no more events than `falseAlarms` says. */
  readonly method: Threshold["method"] | "falseAlarms";
  readonly scorer: Threshold["scorer"];
  /** The share of normal timesteps that is above the threshold; null where that is not what was asked for. */
  readonly falseAlarmRate: number | null;
  /** Such as "1/week"; null where that is not what was asked for. */
  readonly falseAlarms: string | null;
  /** An event begins with k of n timesteps above the threshold, and goes on with k of n above the end value. */
  readonly alarm: { readonly k: number; readonly n: number; readonly endValue: number };
}

/** The values of the parts that were asked for. Only those of settled rows may be read. */
export interface SeriesPartValues {
  /** [rows, F]: errors of the main head; NaN where no reading is. */
  readonly featureError: Float32Array | undefined;
  /** By head, [rows, F], scaled, in time order; NaN where the head answers for no reading. */
  readonly heads: ReadonlyMap<string, Float32Array>;
  /** [rows, F], scaled; undefined without a threshold, or for a scorer that has none. */
  readonly bounds: { readonly lower: Float32Array; readonly upper: Float32Array } | undefined;
}

export interface SeriesScores {
  readonly model: ScorableModel;
  readonly threshold: SeriesThreshold | null;
  readonly rows: number;
  /** [rows]: the mean of the scores of the windows that cover a timestep; NaN where none does. */
  readonly score: Float64Array;
  /** [rows]: 1 or 0; NO_VERDICT where there is none. */
  readonly anomalous: Int8Array;
  /** [rows]; NaN without calibration or without a score. */
  readonly pValue: Float64Array;
  /** How events begin and end; undefined where there is no threshold, and so no event. */
  readonly eventRule: EventRule | undefined;
  /** The row of the stream that the first row is; 0 where there is no stream. */
  readonly base: number;
  /** The first row that is answered; the rows before it were answered before, or are not asked for. */
  readonly from: number;
  /** The first row that more rows may change; undefined: that T - 1 rows before the end. */
  readonly final?: number | undefined;
  /** Where rows are not asked for: events that end before this row of the stream are not either. */
  readonly eventsFrom?: number | undefined;
  /** Of a stream with timestamps: how many of the new rows follow on a gap. */
  readonly gaps?: number | undefined;
  /** [rows]: stitched timestep errors; undefined where they are neither asked for nor needed for events. */
  readonly timestepError?: Float64Array | undefined;
  /** What was asked for beside scores; undefined where nothing was. */
  readonly parts?: SeriesPartValues | undefined;
  /** Where the windows lie and what their scores are made of, for events. */
  readonly windows: EventWindows;
}

/** The events of the rows that are answered, in rows of the stream, and what the next request goes on with. */
export interface StreamEnd {
  readonly events: readonly AnomalyEvent[];
  /** Undefined where the series is no stream. */
  readonly continuation: string | undefined;
}

export interface SeriesResult extends SeriesScores, Timing {
  /** Null where there are too few rows to say, or the model does not know how normal p-values vary. */
  readonly drift: Drift | null;
  /** Of a stream, and of rows that were resampled. It yields where other work should be given way to. */
  readonly finish: (() => Generator<undefined, StreamEnd>) | undefined;
}
