/** The bytes of the answer to a series, part by part: one JSON object, or a line for each timestep and event. */
import { formatFloat32 } from "../scoring/digits.js";
import { type AnomalyEvent, walkEvents } from "../scoring/events.js";
import type { SeriesResult, SeriesScores } from "../serving/score-result.js";
import type { SeriesScoring } from "../serving/series-scoring.js";
import { pValues } from "../serving/verdict.js";
import { joinParts, PAUSE } from "./body-parts.js";
import { responseHead, timingText } from "./score-response.js";
import { writeDoubles, writeScores, writeTimestepLines, writeVerdicts } from "./wire/timestep-writer.js";

/** Rows of a part: less than a millisecond's work. */
const PART_ROWS = 4096;
const PART_LINES = 1024;
/** Numbers of the events of a part, which are formatted one by one. */
const EVENT_NUMBERS = 512;

/** `{model, threshold, timesteps: {score, anomalous, pValue}, events, timing}` */
export function seriesResponse(result: SeriesResult): Generator<Uint8Array, void> {
  return joinParts(objectParts(result));
}

/** A line with model and threshold, one for each timestep, one for each event, and one with the timing. */
export function seriesLines(result: SeriesResult): Generator<Uint8Array, void> {
  return joinParts(allLines(result));
}

/** The same lines, those of timesteps as soon as all windows that cover them have been scored. */
export async function* seriesLinesAsScored(series: SeriesScoring): AsyncGenerator<Uint8Array, void> {
  const { scores } = series;
  for (let from = 0; from < scores.rows; ) {
    const to = await series.until(Math.min(from + PART_LINES, scores.rows));
    yield* firstLines(scores, to, from);
    from = to;
  }
  yield* joinParts(lastLines(await series.result));
}

function* objectParts(result: SeriesResult): Generator<Uint8Array, void> {
  const { model, threshold, rows, score, anomalous, sample } = result;
  yield Buffer.from(`${responseHead(model, threshold)},"timesteps":{"score":[`);
  yield* column(rows, (from, to) => writeScores(score.subarray(from, to)));
  yield Buffer.from('],"anomalous":[');
  yield* column(rows, (from, to) => writeVerdicts(anomalous.subarray(from, to)));
  yield Buffer.from('],"pValue":[');
  yield* column(rows, (from, to) => writeDoubles(pValues(sample, score.subarray(from, to))));
  yield Buffer.from(']},"events":[');
  let separator = "";
  for (const events of eventParts(result)) {
    yield events.length === 0 ? PAUSE : Buffer.from(separator + events.map(eventText).join(","));
    if (events.length > 0) separator = ",";
  }
  yield Buffer.from(`],${timingText(result)}}`);
}

function* allLines(result: SeriesResult): Generator<Uint8Array, void> {
  yield* firstLines(result, result.rows);
  yield* lastLines(result);
}

/** The lines of timesteps from `first` up to `end`, behind the head where they are the first of all. */
function* firstLines(scores: SeriesScores, end: number, first = 0): Generator<Uint8Array, void> {
  const { model, threshold, score, anomalous, sample } = scores;
  if (first === 0) yield Buffer.from(`${responseHead(model, threshold)}}\n`);
  for (let from = first; from < end; from += PART_LINES) {
    const to = Math.min(from + PART_LINES, end);
    const part = score.subarray(from, to);
    yield writeTimestepLines({
      first: from,
      score: part,
      pValue: pValues(sample, part),
      anomalous: anomalous.subarray(from, to),
    });
  }
}

function* lastLines(result: SeriesResult): Generator<Uint8Array, void> {
  for (const events of eventParts(result)) {
    yield Buffer.from(events.map((event) => `{"event":${eventText(event)}}\n`).join(""));
  }
  yield Buffer.from(`{${timingText(result)}}\n`);
}

function* column(rows: number, write: (from: number, to: number) => Uint8Array): Generator<Uint8Array, void> {
  for (let from = 0; from < rows; from += PART_ROWS) {
    if (from > 0) yield Buffer.from(",");
    yield write(from, Math.min(from + PART_ROWS, rows));
  }
}

/** Events by parts, and none where others are to have a turn. */
function* eventParts({ score, anomalous, windows }: SeriesResult): Generator<AnomalyEvent[], void> {
  const most = Math.max(1, Math.floor(EVENT_NUMBERS / (1 + windows.featureNames.length)));
  let part: AnomalyEvent[] = [];
  for (const event of walkEvents(score, anomalous, windows)) {
    if (event === undefined) {
      yield [];
      continue;
    }
    part.push(event);
    if (part.length < most) continue;
    yield part;
    yield [];
    part = [];
  }
  if (part.length > 0) yield part;
}

function eventText({ id, start, end, peak, score, features }: AnomalyEvent): string {
  const shares = features.map(
    ({ name, share }) => `{"name":${JSON.stringify(name)},"share":${formatFloat32(share)}}`,
  );
  return `{"id":${id},"start":${start},"end":${end},"peak":${peak},"score":${formatFloat32(score)},"features":[${shares.join(",")}]}`;
}
