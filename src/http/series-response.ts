/** The bytes of the answer to a series, part by part: one JSON object, or a line for each timestep and event. */
import { formatFloat32 } from "../scoring/digits.js";
import { type AnomalyEvent, walkEvents } from "../scoring/events.js";
import type { SeriesResult } from "../serving/score-result.js";
import { pValues } from "../serving/verdict.js";
import { joinParts } from "./body-parts.js";
import { responseHead, timingText } from "./score-response.js";
import { writeDoubles, writeScores, writeTimestepLines, writeVerdicts } from "./wire/timestep-writer.js";

/** Rows of a part: about a millisecond's work. */
const PART_ROWS = 4096;
const PART_EVENTS = 256;

/** `{model, threshold, timesteps: {score, anomalous, pValue}, events, timing}` */
export function seriesResponse(result: SeriesResult): Generator<Uint8Array, void> {
  return joinParts(objectParts(result));
}

/** A line with model and threshold, one for each timestep, one for each event, and one with the timing. */
export function seriesLines(result: SeriesResult): Generator<Uint8Array, void> {
  return joinParts(lineParts(result));
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
    yield Buffer.from(separator + events.map(eventText).join(","));
    separator = ",";
  }
  yield Buffer.from(`],${timingText(result)}}`);
}

function* lineParts(result: SeriesResult): Generator<Uint8Array, void> {
  const { model, threshold, rows, score, anomalous, sample } = result;
  yield Buffer.from(`${responseHead(model, threshold)}}\n`);
  for (let from = 0; from < rows; from += PART_ROWS) {
    const to = Math.min(from + PART_ROWS, rows);
    const part = score.subarray(from, to);
    yield writeTimestepLines({
      first: from,
      score: part,
      pValue: pValues(sample, part),
      anomalous: anomalous.subarray(from, to),
    });
  }
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

function* eventParts({ score, anomalous, windows }: SeriesResult): Generator<AnomalyEvent[], void> {
  let part: AnomalyEvent[] = [];
  for (const event of walkEvents(score, anomalous, windows)) {
    part.push(event);
    if (part.length < PART_EVENTS) continue;
    yield part;
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
