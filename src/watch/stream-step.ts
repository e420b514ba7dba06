/** From the state and the next answer to the state after it. Nothing here waits, reads or writes. */
import { driftMessage, trackEvents } from "./event-tracker.js";
import type { StreamScores } from "./service-client.js";
import { addTimes, timeOf } from "./stream-times.js";
import { MOST_MESSAGES, newState, type ScoredRow, type WatchState } from "./watch-state.js";

/** What stays the same in a stream. */
export interface StreamSettings {
  readonly model: string;
  /** [F] */
  readonly features: readonly string[];
  readonly stepMs: number;
  /** Rows that have to follow before a row's score is written: 0 for the first score that it has, T - 1 (or more) for the last. */
  readonly settleRows: number;
  /** What scores are written with, and messages hold. */
  readonly labels: Readonly<Record<string, string>>;
  readonly queries: readonly (readonly [feature: string, promql: string])[];
}

/** An answer of the service, and the times of the rows that were sent for it. */
export interface Step {
  readonly answer: StreamScores;
  readonly timesMs: readonly number[];
  /** Where a stream begins with this answer: up to this time, nothing is told. */
  readonly sinceMs: number | undefined;
}

/**
 * The state after an answer.
 *
 * @param before undefined for the first one.
 * @returns also how many messages were dropped, as too many waited.
 */
export function nextState(
  settings: StreamSettings,
  before: WatchState | undefined,
  { answer, timesMs, sinceMs }: Step,
): { state: WatchState; dropped: number } {
  const { model, stepMs, settleRows, labels, queries } = settings;
  const old = sinceMs === undefined ? before?.stream : undefined;
  const rows = (old?.rows ?? 0) + timesMs.length;
  const runs = addTimes(old?.runs ?? [], old?.rows ?? 0, timesMs, stepMs);
  const stream = {
    continuation: answer.continuation,
    rows,
    runs: runs.map(([row, ms]): [number, number] => [row, ms]),
    sinceMs: sinceMs ?? old!.sinceMs,
    isDriftTold: (old?.isDriftTold ?? false) || answer.drift?.moved === true,
  };
  const readMs = timesMs.at(-1)!;
  const writtenMs = before?.writtenMs ?? sinceMs!;
  const provisional = answer.timesteps.score.length - answer.timesteps.final;
  const settled = rows - Math.min(settleRows, provisional);
  const scored = scoredRows(answer, (row) => timeOf(runs, row, stepMs)).filter(
    ({ ms }, at) => ms > writtenMs && answer.timesteps.from + at < settled,
  );
  const tracked = {
    answer,
    runs,
    stepMs,
    isNewStream: sinceMs !== undefined,
    sinceMs: stream.sinceMs,
    untilMs: settled > 0 ? (timeOf(runs, settled - 1, stepMs) ?? 0) : 0,
    labels,
  };
  const { events, messages } = trackEvents(before?.events ?? [], tracked);
  if (stream.isDriftTold && old?.isDriftTold !== true) messages.push(driftMessage(tracked));
  const unsent = [...(before?.unsent ?? []), ...messages];
  const dropped = Math.max(0, unsent.length - MOST_MESSAGES);
  const state = newState({
    of: { model, stepMs, queries: queries.map(([a, b]) => [a, b]), labels: Object.entries(labels) },
    readMs,
    writtenMs: scored.at(-1)?.ms ?? writtenMs,
    stream,
    events,
    unwritten: [...(before?.unwritten ?? []), ...scored],
    unsent: unsent.slice(dropped),
  });
  return { state, dropped };
}

/** The rows of an answer. @param timeOfRow undefined for a row whose time has been forgotten, which is then before all. */
function scoredRows(
  { threshold, timesteps }: StreamScores,
  timeOfRow: (row: number) => number | undefined,
): ScoredRow[] {
  const { from, score, anomalous, bounds } = timesteps;
  return score.map((value, at) => ({
    ms: timeOfRow(from + at) ?? 0,
    score: value,
    anomalous: anomalous[at]!,
    threshold: threshold?.value ?? null,
    lower: bounds?.lower[at] ?? null,
    upper: bounds?.upper[at] ?? null,
  }));
}
