/** Requests to the scoring service, read and checked: typed arrays, and what the verdicts are based on. */
import type { Arrays } from "../scoring/arrays.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { Client } from "./request-slices.js";
import type { StreamRequest } from "./stream-times.js";
import type { RequestedThreshold } from "./verdict.js";

export interface ScoringRequest {
  readonly scorer: ScorerName | undefined;
  readonly threshold: RequestedThreshold | undefined;
  /** On the batcher's clock; undefined for none. */
  readonly deadlineAtMs: number | undefined;
  /** Who waits for the answer; undefined where nobody can hang up. */
  readonly client: Client | undefined;
}

export interface WindowsRequest extends ScoringRequest {
  /** [count, T, F] in the caller's units, NaN = missing. */
  readonly readings: Float64Array;
  readonly count: number;
  /** Where the arrays of the result come from, except those of the network's outputs. */
  readonly arrays?: Arrays;
}

export interface SeriesRequest extends ScoringRequest {
  /** [rows, F] in the caller's units, NaN = missing; at least T rows, or at least one of a stream. */
  readonly readings: Float64Array;
  readonly rows: number;
  /** [rows], of a series that is no stream: needed where the model reads the calendar. */
  readonly timestampsMs?: Float64Array | undefined;
  /** The first row of each window, increasing; not used for a stream. */
  readonly starts: Int32Array;
  /** Rows between the starts of two windows of a run. */
  readonly stride: number;
  /** Where the rows are part of a stream that goes on from request to request. */
  readonly stream: StreamRequest | undefined;
  /** How many of the newest timesteps are answered at most; all where it is left out. */
  readonly last?: number | undefined;
  /** The parts asked for beside scores: `timestepError`, `featureError`, `bounds`, and heads by their names. */
  readonly parts?: ReadonlySet<string> | undefined;
}
