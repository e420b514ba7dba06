/** What comes behind the timesteps of an answer to a series: events, drift, and the end of a stream. */
import { formatFloat32 } from "../scoring/digits.js";
import type { Drift } from "../scoring/drift-decision.js";
import { walkEvents } from "../scoring/event-stream.js";
import type { AnomalyEvent } from "../scoring/events.js";
import type { SeriesResult, SeriesScores, StreamEnd } from "../serving/score-result.js";
import { PAUSE } from "./body-chunks.js";

/** Numbers in the events of a chunk, which are formatted one by one. */
const EVENT_NUMBERS = 512;

/** Of a stream; it pauses where other requests should be served. */
export function* streamEnd({ finish }: SeriesResult): Generator<Uint8Array, StreamEnd | undefined> {
  if (finish === undefined) return undefined;
  const steps = finish();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    yield PAUSE;
  }
}

/** The drift as JSON. */
export function driftJson(drift: Drift | null): string {
  if (drift === null) return "null";
  const { moved, since, pValue, share } = drift;
  return JSON.stringify({ moved, since, pValue, share });
}

/** Events that reach into the rows answered, in groups; an empty group where other requests should be served before the search goes on. */
export function* eventChunks(
  { score, anomalous, windows, eventRule: rule, eventsFrom = 0 }: SeriesResult,
  end: StreamEnd | undefined,
): Generator<AnomalyEvent[], void> {
  const most = Math.max(1, Math.floor(EVENT_NUMBERS / (1 + windows.featureNames.length)));
  let group: AnomalyEvent[] = [];
  const whole = rule === undefined ? [] : walkEvents({ score, anomalous, windows, rule });
  for (const event of end?.events ?? whole) {
    if (event === undefined) {
      yield [];
      continue;
    }
    if (event.end < eventsFrom) continue;
    group.push(event);
    if (group.length < most) continue;
    yield group;
    yield [];
    group = [];
  }
  if (group.length > 0) yield group;
}

/** An event as JSON. */
export function eventText({ id, start, end, peak, score, open, features }: AnomalyEvent): string {
  const shares = features.map(
    ({ name, share }) => `{"name":${JSON.stringify(name)},"share":${formatFloat32(share)}}`,
  );
  return `{"id":${id},"start":${start},"end":${end},"peak":${peak},"score":${formatFloat32(score)},"open":${open},"features":[${shares.join(",")}]}`;
}

/**
 * Which rows of the stream the timesteps are, and how many of them no later window will cover: those that lie T or more
 * rows before the end of the series.
 */
export function placeOf({ base, from, rows, windows, final = rows - windows.timesteps + 1 }: SeriesScores): {
  from: number;
  final: number;
} {
  return { from: base + from, final: Math.max(0, final - from) };
}
