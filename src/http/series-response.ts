/** The bytes of the answer to a series, in chunks: one JSON object, or a line for each timestep and event. */
import { formatFloat32 } from "../scoring/digits.js";
import type { Drift } from "../scoring/drift-decision.js";
import { type AnomalyEvent, walkEvents } from "../scoring/events.js";
import type { SeriesResult, SeriesScores, StreamEnd } from "../serving/score-result.js";
import type { SeriesScoring } from "../serving/series-scoring.js";
import { joinChunks, PAUSE } from "./body-chunks.js";
import type { ModelAnswers, NamedSeriesColumn } from "./model-answers.js";
import { timingText } from "./score-response.js";
import type { TimeFacts } from "./series-body.js";
import { type Column, writeColumn, writeTimestepLines } from "./wire/timestep-writer.js";

/** Numbers of a chunk: less than a millisecond's work. */
const CHUNK_NUMBERS = 4096;
/** The most lines of a chunk. */
const CHUNK_LINES = 1024;
/** The most numbers in the lines of a chunk. */
const LINES_NUMBERS = 16_384;
/** Numbers in the events of a chunk, which are formatted one by one. */
const EVENT_NUMBERS = 512;

/** What the answers to series are written with. */
export interface SeriesForm {
  readonly answers: ModelAnswers;
  readonly columns: readonly NamedSeriesColumn[];
  /** Undefined without timestamps. */
  readonly time?: TimeFacts | undefined;
  /** Sentences on what was assumed. */
  readonly notes?: readonly string[];
}

/** `{model, threshold, timesteps: {from, final, score, anomalous, pValue}, events, time, notes, drift, timing}` */
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
  yield* joinChunks(lastLines(form, await series.result));
}

function* objectChunks(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  const { threshold, rows, from: first } = result;
  yield Buffer.from(`${form.answers.seriesHeadText(threshold)},"timesteps":{${placeText(result)}`);
  const columns = [...form.columns].sort((a, b) => a.place - b.place);
  for (const { before, column, after } of columns) {
    yield Buffer.from(`,${before}${column === undefined ? "" : "["}`);
    if (column === undefined) continue;
    const step = Math.max(1, Math.floor(CHUNK_NUMBERS / column.count));
    for (let from = first; from < rows; from += step) {
      if (from > first) yield Buffer.from(",");
      yield writeColumn({ ...column, values: column.values(result, from, Math.min(from + step, rows)) });
    }
    yield Buffer.from(`]${after}`);
  }
  yield Buffer.from('},"events":[');
  let separator = "";
  const end = yield* streamEnd(result);
  for (const events of eventChunks(result, end)) {
    yield events.length === 0 ? PAUSE : Buffer.from(separator + events.map(eventText).join(","));
    if (events.length > 0) separator = ",";
  }
  yield Buffer.from(
    `]${factsText(form, result)},${driftText(result.drift)}${continuationText(end)},${timingText(result)}}`,
  );
}

function* allLines(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  yield* firstLines(form, result, result.rows);
  yield* lastLines(form, result);
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
  const numbers = form.columns.reduce((sum, { column }) => sum + (column?.count ?? 0), 1);
  const step = Math.max(1, Math.min(CHUNK_LINES, Math.floor(LINES_NUMBERS / numbers)));
  for (let from = first; from < end; from += step) {
    const to = Math.min(from + step, end);
    const members = form.columns.flatMap(({ before, column, after }): (string | Column)[] =>
      column === undefined
        ? [`,${before}`]
        : [`,${before}`, { ...column, values: column.values(scores, from, to) }, after],
    );
    yield writeTimestepLines(scores.base + from, to - from, members);
  }
}

function* lastLines(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, void> {
  const end = yield* streamEnd(result);
  for (const events of eventChunks(result, end)) {
    yield Buffer.from(events.map((event) => `{"event":${eventText(event)}}\n`).join(""));
  }
  yield Buffer.from(
    `{${timingText(result)},"timesteps":{${placeText(result)}}${factsText(form, result)},${driftText(result.drift)}${continuationText(end)}}\n`,
  );
}

/**
 * Which rows of the stream the timesteps are, and how many of them no later window will cover: those that lie T or more
 * rows before the end of the series.
 */
function placeText({
  base,
  from,
  rows,
  windows,
  final = rows - windows.timesteps + 1,
}: SeriesScores): string {
  return `"from":${base + from},"final":${Math.max(0, final - from)}`;
}

/** `,"time":{...},"notes":[...]`, where there are such. */
function factsText({ time, notes = [] }: SeriesForm, { gaps }: SeriesScores): string {
  const facts = {
    time: time === undefined ? undefined : { ...time, gaps: gaps ?? time.gaps },
    notes: time === undefined && notes.length === 0 ? undefined : notes,
  };
  const text = JSON.stringify(facts).slice(1, -1);
  return text === "" ? "" : `,${text}`;
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
  return end?.continuation === undefined ? "" : `,"continuation":"${end.continuation}"`;
}

function driftText(drift: Drift | null): string {
  if (drift === null) return '"drift":null';
  const { moved, since, pValue, share } = drift;
  return `"drift":${JSON.stringify({ moved, since, pValue, share })}`;
}

/** Events that reach into the rows answered, in groups; an empty group where other requests should be served before the search goes on. */
function* eventChunks(
  { score, anomalous, windows, eventRule, eventsFrom = 0 }: SeriesResult,
  end: StreamEnd | undefined,
): Generator<AnomalyEvent[], void> {
  const most = Math.max(1, Math.floor(EVENT_NUMBERS / (1 + windows.featureNames.length)));
  let group: AnomalyEvent[] = [];
  for (const event of end?.events ?? walkEvents(score, anomalous, windows, eventRule)) {
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

function eventText({ id, start, end, peak, score, open, features }: AnomalyEvent): string {
  const shares = features.map(
    ({ name, share }) => `{"name":${JSON.stringify(name)},"share":${formatFloat32(share)}}`,
  );
  return `{"id":${id},"start":${start},"end":${end},"peak":${peak},"score":${formatFloat32(score)},"open":${open},"features":[${shares.join(",")}]}`;
}
