/**
 * From the events in answers to messages: each event is told when it begins and when it has ended.
 *
 * The events of the last T - 1 rows are provisional: their edges move, and one may turn out to be none. So an event is
 * known by the time that it covers, keeps the id that it was first told with, and may be withdrawn.
 */
import { createHash } from "node:crypto";
import type { StreamEvent, StreamScores } from "./service-client.js";
import { type TimeRun, timeOf } from "./stream-times.js";
import type { KnownEvent, Message } from "./watch-state.js";

/** What has happened to an event. */
export type EventState = "began" | "ended" | "withdrawn";

export interface TrackedAnswer {
  readonly answer: StreamScores;
  readonly runs: readonly TimeRun[];
  readonly stepMs: number;
  /** Whether the stream begins with this answer: the events of the one before it are told to have ended. */
  readonly isNewStream: boolean;
  /** Events that end at this time or earlier are not told. */
  readonly sinceMs: number;
  /** Events that begin after this time are not told yet. */
  readonly untilMs: number;
  /** The labels that scores are written with. */
  readonly labels: Readonly<Record<string, string>>;
}

interface SeenEvent {
  readonly startMs: number;
  readonly endMs: number;
  readonly event: Record<string, unknown>;
}

/** The events that go on after an answer, and the messages that it makes, in order. */
export function trackEvents(
  known: readonly KnownEvent[],
  tracked: TrackedAnswer,
): { events: KnownEvent[]; messages: Message[] } {
  const { answer, runs, stepMs, isNewStream, sinceMs, untilMs } = tracked;
  const whose = watchedName(tracked);
  const left = answer.events.map((event) => seen(event, runs, stepMs));
  const answeredFromMs = timeOf(runs, answer.timesteps.from, stepMs) ?? 0;
  const newestMs = timeOf(runs, answer.timesteps.from + answer.timesteps.score.length - 1, stepMs) ?? 0;
  const events: KnownEvent[] = [];
  const messages: Message[] = [];
  const tell = ({ id, event }: KnownEvent, state: EventState): void => {
    const body = { ...head(tracked), event: { id, state, ...event }, drift: driftOf(tracked) };
    messages.push({ id: `${id}-${state}`, body });
  };
  for (const before of known) {
    const at = left.findIndex(({ startMs, endMs }) => startMs <= before.endMs && endMs >= before.startMs);
    const [again] = at < 0 ? [] : left.splice(at, 1);
    if (again !== undefined) events.push({ id: before.id, ...again });
    else tell(before, !isNewStream && before.startMs >= answeredFromMs ? "withdrawn" : "ended");
  }
  for (const found of left) {
    if (found.endMs <= sinceMs || found.startMs > untilMs) continue;
    // Of two answers, no two have the same newest row; of one, no two events begin at the same time.
    const one = { id: `${whose}-${found.startMs}-${newestMs}`, ...found };
    events.push(one);
    tell(one, "began");
  }
  return { events, messages };
}

/** The message that the normal level has moved. */
export function driftMessage(tracked: TrackedAnswer): Message {
  const { answer, runs, stepMs } = tracked;
  const newest = timeOf(runs, answer.timesteps.from + answer.timesteps.score.length - 1, stepMs) ?? 0;
  const body = { ...head(tracked), event: null, drift: driftOf(tracked) };
  return { id: `${watchedName(tracked)}-${newest}-drift`, body };
}

/** The model, and what tells it from the same model that is watched with other labels. */
function watchedName({ answer, labels }: TrackedAnswer): string {
  const { name } = answer.model;
  if (Object.keys(labels).length === 0) return name;
  const digest = createHash("sha256").update(JSON.stringify(labels)).digest("hex");
  return `${name}-${digest.slice(0, 8)}`;
}

function head({ answer, labels }: TrackedAnswer): Record<string, unknown> {
  const { name, version, sha256 } = answer.model;
  return { model: { name, version, sha256 }, labels };
}

/** An event with times instead of rows; the oldest known time stands for those that are forgotten. */
function seen(event: StreamEvent, runs: readonly TimeRun[], stepMs: number): SeenEvent {
  const { start, end, peak, score, features } = event;
  const startMs = timeOf(runs, start, stepMs) ?? runs[0]![1];
  const endMs = timeOf(runs, end, stepMs) ?? startMs;
  const told = {
    start: timestamp(startMs),
    end: timestamp(endMs),
    peak: timestamp(timeOf(runs, peak, stepMs) ?? startMs),
    score,
    features: features.map((one) => ({ name: one.name, share: one.share })),
  };
  return { startMs, endMs, event: told };
}

function driftOf({ answer, runs, stepMs }: TrackedAnswer): object | null {
  const { drift } = answer;
  if (drift === null) return null;
  const since = drift.since === null ? undefined : timeOf(runs, drift.since, stepMs);
  const { moved, pValue, share } = drift;
  return { moved, since: since === undefined ? null : timestamp(since), pValue, share };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
