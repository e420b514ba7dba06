/** The bytes of the answer to a series, in chunks: one JSON object, or a line for each timestep and event. */
import type { SeriesResult, SeriesScores, StreamEnd } from "../serving/score-result.js";
import type { SeriesScoring } from "../serving/series-scoring.js";
import { joinChunks, PAUSE } from "./body-chunks.js";
import type { ModelAnswers, NamedSeriesColumn } from "./model-answers.js";
import { timingText } from "./score-response.js";
import type { TimeFacts } from "./series-body.js";
import { driftJson, eventChunks, eventText, placeOf, streamEnd } from "./series-end.js";
import { type Column, writeColumn, writeTimestepLines } from "./wire/timestep-writer.js";

/** Numbers of a chunk: less than a millisecond's work. */
const CHUNK_NUMBERS = 4096;
/** The most lines of a chunk. */
const CHUNK_LINES = 1024;
/** The most numbers in the lines of a chunk. */
const LINES_NUMBERS = 16_384;

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
  yield Buffer.from(
    `${form.answers.seriesHeadText(threshold)},"timesteps":${JSON.stringify(placeOf(result)).slice(0, -1)}`,
  );
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
    `]${factsText(form, result)},"drift":${driftJson(result.drift)}${continuationText(end)},${timingText(result)}}`,
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
    `{${timingText(result)},"timesteps":${JSON.stringify(placeOf(result))}${factsText(form, result)},"drift":${driftJson(result.drift)}${continuationText(end)}}\n`,
  );
}

function continuationText(end: StreamEnd | undefined): string {
  return end?.continuation === undefined ? "" : `,"continuation":"${end.continuation}"`;
}

/** `,"time":{...},"notes":[...]`, where there are such. */
function factsText(form: SeriesForm, result: SeriesScores): string {
  const text = JSON.stringify(factsOf(form, result)).slice(1, -1);
  return text === "" ? "" : `,${text}`;
}

/** What an answer says of times, and what was assumed; undefined where there is nothing to say. */
export function factsOf({ time, notes = [] }: SeriesForm, { gaps }: SeriesScores) {
  return {
    time: time === undefined ? undefined : { ...time, gaps: gaps ?? time.gaps },
    notes: time === undefined && notes.length === 0 ? undefined : notes,
  };
}
