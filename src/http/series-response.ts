/** The bytes of the answer to a series, in chunks: one JSON object, or a line for each timestep and event. */
import { formatFloat32 } from "../scoring/digits.js";
import type { Drift } from "../scoring/drift-decision.js";
import { walkEvents } from "../scoring/event-stream.js";
import type { AnomalyEvent } from "../scoring/events.js";
import type { SeriesResult, SeriesScores, StreamEnd } from "../serving/score-result.js";
import type { SeriesScoring } from "../serving/series-scoring.js";
import { joinChunks, PAUSE } from "./body-chunks.js";
import type { ModelAnswers, NamedSeriesColumn } from "./model-answers.js";
import { timingText } from "./score-response.js";
import { type NamedColumn, writeColumn, writeTimestepLines } from "./wire/timestep-writer.js";

/** Rows of a chunk: less than a millisecond's work. */
const CHUNK_ROWS = 4096;
const CHUNK_LINES = 1024;
/** Numbers in the events of a chunk, which are formatted one by one. */
const EVENT_NUMBERS = 512;

/** What the answers to series are written with. */
export interface SeriesForm {
  readonly answers: ModelAnswers;
  readonly columns: readonly NamedSeriesColumn[];
}

/** `{model, threshold, timesteps: {from, final, score, anomalous, pValue}, events, drift, timing}` */
export function seriesResponse(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  return joinChunks(objectChunks(form, result));
}

/**
 * Lines: model and threshold, then each timestep, each event, and the rest: the timing, `timesteps` without its columns,
 * and drift.
 */
export function seriesLines(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  return joinChunks(allLines(form, result));
}

/** The same lines; those of timesteps go out as soon as every window that covers them has been scored. */
export async function* seriesLinesAsScored(
  form: SeriesForm,
  series: SeriesScoring,
): AsyncGenerator<Uint8Array, void> {
  const { scores } = series;
  for (let { from } = scores; from < scores.rows; ) {
    const to = await series.until(Math.min(from + CHUNK_LINES, scores.rows));
    yield* firstLines(form, scores, to, from);
    from = to;
  }
  yield* joinChunks(lastLines(await series.result));
}

function* objectChunks(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  const { threshold, rows, from: first } = result;
  yield Buffer.from(`${form.answers.seriesHeadText(threshold)},"timesteps":{${placeText(result)}`);
  const columns = [...form.columns].sort((a, b) => a.place - b.place);
  for (const column of columns) {
    yield Buffer.from(`,${JSON.stringify(column.name)}:[`);
    for (let from = first; from < rows; from += CHUNK_ROWS) {
      if (from > first) yield Buffer.from(",");
      const { kind, count } = column;
      const values = column.values(result, from, Math.min(from + CHUNK_ROWS, rows));
      yield writeColumn({ kind, count, values });
    }
    yield Buffer.from("]");
  }
  yield Buffer.from('},"events":[');
  let separator = "";
  const end = yield* streamEnd(result);
  for (const events of eventChunks(result, end)) {
    yield events.length === 0 ? PAUSE : Buffer.from(separator + events.map(eventText).join(","));
    if (events.length > 0) separator = ",";
  }
  yield Buffer.from(`],${driftText(result.drift)}${continuationText(end)},${timingText(result)}}`);
}

function* allLines(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  yield* firstLines(form, result, result.rows);
  yield* lastLines(result);
}

/**
 * The lines of timesteps from `first` up to `end`; in front of the very first stands the line with model and
 * threshold.
 */
function* firstLines(
  form: SeriesForm,
  scores: SeriesScores,
  end: number,
  first = scores.from,
): Generator<Uint8Array, void> {
  if (first === scores.from) yield Buffer.from(`${form.answers.seriesHeadText(scores.threshold)}}\n`);
  for (let from = first; from < end; from += CHUNK_LINES) {
    const to = Math.min(from + CHUNK_LINES, end);
    const columns = form.columns.map(
      ({ name, kind, count, values }): NamedColumn => ({
        name,
        kind,
        count,
        values: values(scores, from, to),
      }),
    );
    yield writeTimestepLines(scores.base + from, to - from, columns);
  }
}

function* lastLines(result: SeriesResult): Generator<Uint8Array, void> {
  const end = yield* streamEnd(result);
  for (const events of eventChunks(result, end)) {
    yield Buffer.from(events.map((event) => `{"event":${eventText(event)}}\n`).join(""));
  }
  yield Buffer.from(
    `{${timingText(result)},"timesteps":{${placeText(result)}},${driftText(result.drift)}${continuationText(end)}}\n`,
  );
}

/**
 * Which rows of the stream the timesteps are, and how many of them no later window will cover: those that lie T or more
 * rows before the end of the series.
 */
function placeText({ base, from, rows, windows }: SeriesScores): string {
  return `"from":${base + from},"final":${Math.max(0, rows - windows.timesteps + 1 - from)}`;
}

/** Of a stream; it pauses where other requests should be served. */
function* streamEnd({ finish }: SeriesResult): Generator<Uint8Array, StreamEnd | undefined> {
  if (finish === undefined) return undefined;
  const steps = finish();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    yield PAUSE;
  }
}

function continuationText(end: StreamEnd | undefined): string {
  return end === undefined ? "" : `,"continuation":"${end.continuation}"`;
}

function driftText(drift: Drift | null): string {
  if (drift === null) return '"drift":null';
  const { moved, since, pValue, share } = drift;
  return `"drift":${JSON.stringify({ moved, since, pValue, share })}`;
}

/** Events in groups; an empty group where other requests should be served before the search goes on. */
function* eventChunks(
  { score, anomalous, windows, eventRule: rule }: SeriesResult,
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
    group.push(event);
    if (group.length < most) continue;
    yield group;
    yield [];
    group = [];
  }
  if (group.length > 0) yield group;
}

function eventText({ id, start, end, peak, score, open, features }: AnomalyEvent): string {
  const shares = features.map(
    ({ name, share }) => `{"name":${JSON.stringify(name)},"share":${formatFloat32(share)}}`,
  );
  return `{"id":${id},"start":${start},"end":${end},"peak":${peak},"score":${formatFloat32(score)},"open":${open},"features":[${shares.join(",")}]}`;
}
