/** The answer to a series as a stream of Apache Arrow. */
import type { SeriesResult } from "../serving/score-result.js";
import {
  type ArrowColumn,
  batchMessage,
  END_OF_STREAM,
  type Metadata,
  schemaMessage,
} from "./arrow-messages.js";
import { joinChunks, PAUSE } from "./body-chunks.js";
import { timingText } from "./score-response.js";
import { driftJson, eventChunks, eventText, placeOf, streamEnd } from "./series-end.js";
import { factsOf, type SeriesForm } from "./series-response.js";
import { type TableColumn, tableColumns } from "./series-table.js";

/** Values of a batch: to write them takes about a millisecond. */
const BATCH_VALUES = 65_536;

/**
 * Batches of rows with the columns of `tableColumns`. The schema's metadata `residua` is the model and the threshold; the
 * metadata of a last batch without rows are what comes behind the timesteps of a JSON answer, each as JSON.
 *
 * @param asked the parts that were asked for.
 */
export function seriesArrow(
  form: SeriesForm,
  result: SeriesResult,
  asked: ReadonlySet<string>,
): Generator<Uint8Array, void> {
  return joinChunks(messages(form, result, tableColumns(result, asked)));
}

function* messages(
  form: SeriesForm,
  result: SeriesResult,
  columns: readonly TableColumn[],
): Generator<Uint8Array, void> {
  const fields = columns.map(
    ({ name, kind }) => ({ name, type: kind === "number" ? "double" : "bool" }) as const,
  );
  yield schemaMessage(fields, [["residua", `${form.answers.seriesHeadText(result.threshold)}}`]]);
  const step = Math.max(1, Math.floor(BATCH_VALUES / columns.length));
  for (let from = result.from; from < result.rows; from += step) {
    const to = Math.min(from + step, result.rows);
    yield* batchMessage(
      to - from,
      columns.map((column) => arrowColumn(column, from, to)),
      [],
    );
    yield PAUSE;
  }
  const none = { nullCount: 0, validity: PAUSE, values: PAUSE };
  const metadata = yield* lastMetadata(form, result);
  yield* batchMessage(
    0,
    columns.map(() => none),
    metadata,
  );
  yield END_OF_STREAM;
}

/** It pauses where other requests should be served. */
function* lastMetadata(form: SeriesForm, result: SeriesResult): Generator<Uint8Array, Metadata> {
  const end = yield* streamEnd(result);
  const events: string[] = [];
  for (const some of eventChunks(result, end)) {
    if (some.length === 0) yield PAUSE;
    else events.push(...some.map(eventText));
  }
  const facts = Object.entries(factsOf(form, result)).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, JSON.stringify(value)] as const],
  );
  return [
    ["events", `[${events.join(",")}]`],
    ["drift", driftJson(result.drift)],
    ...(end?.continuation === undefined ? [] : [["continuation", JSON.stringify(end.continuation)] as const]),
    ["timing", timingText(result).slice('"timing":'.length)],
    ["timesteps", JSON.stringify(placeOf(result))],
    ...facts,
  ];
}

function arrowColumn(column: TableColumn, from: number, to: number): ArrowColumn {
  if (column.kind === "verdict") {
    const verdicts = column.values(from, to);
    return {
      ...validityOf(verdicts, (verdict) => verdict >= 0),
      values: bitsOf(verdicts, (one) => one === 1),
    };
  }
  const values = column.values(from, to);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { ...validityOf(values, Number.isFinite), values: bytes };
}

function validityOf(
  values: Float64Array | Int8Array,
  isThere: (value: number) => boolean,
): Omit<ArrowColumn, "values"> {
  let nullCount = 0;
  for (const value of values) if (!isThere(value)) nullCount++;
  return { nullCount, validity: nullCount === 0 ? PAUSE : bitsOf(values, isThere) };
}

/** A bit for each value, the lowest of a byte first. */
function bitsOf(values: Float64Array | Int8Array, isSet: (value: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) if (isSet(values[i]!)) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
