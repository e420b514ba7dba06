/** Reads the bodies of requests: small ones on the event loop, large ones on a thread. */
import { beginsAsParquet } from "../data/parquet.js";
import type { Arrays } from "../scoring/arrays.js";
import type { BodyWaits } from "./body-questions.js";
import { BodyThreads } from "./body-threads.js";
import { type DataBody, type DataReading, readDataBody } from "./data-body.js";
import { type InferBody, readInferRequest } from "./inference/infer-request.js";
import type { RawBody } from "./raw-body.js";
import { readScoreRequest, readUsualRequest, type ScoreLimits, type WindowsBody } from "./score-request.js";
import type { SeriesBody } from "./series-body.js";
import { readTableBody, type TableReading } from "./table-body.js";

export type ScoreBody = WindowsBody | SeriesBody;

/** A body of this size takes milliseconds to read, which is worth sending it to another thread. */
const LARGE_BYTES = 512 * 1024;
/** So many bytes JSON.parse may have on the event loop; most numbers are read without it. */
const MOST_PARSED_BYTES = 64 * 1024;
/** A table of this size does: it takes longer to read than JSON. */
const LARGE_TABLE_BYTES = 64 * 1024;
/**
 * So does one whose lines would have so many bytes together if each were as long as the longest: a line of JSON that names
 * thousands of columns gives each of the others as many cells.
 */
const LARGE_CELLS_BYTES = 256 * 1024;

export class BodyReader {
  readonly #threads: BodyThreads;

  /** @param readingMs how long a large body may be read, see `BodyThreads`. */
  constructor(readingMs?: number) {
    this.#threads = new BodyThreads(readingMs);
  }

  /**
   * Reads a score request.
   *
   * @param body must not be used again: its memory may be moved to the other thread.
   * @param waits who waits for the body.
   * @param arrays where the array of the readings of a small body may come from.
   * @throws what `readScoreRequest` throws, at once or as a rejection; a rejection is also ResiduaError DEADLINE_EXCEEDED or
   *   ClientGoneError, where nobody waits for the body any more.
   */
  readScore(
    body: RawBody,
    limits: ScoreLimits,
    waits: BodyWaits = {},
    arrays?: Arrays,
  ): ScoreBody | Promise<ScoreBody> {
    if (body.length < MOST_PARSED_BYTES) return readScoreRequest(body.toBytes(), limits, arrays);
    if (body.length < LARGE_BYTES) {
      const read = readUsualRequest(body.toBytes(), limits, arrays, MOST_PARSED_BYTES);
      if (read !== undefined) return read;
    }
    return this.#threads.read<ScoreBody>(body, { kind: "score", limits }, waits);
  }

  /** As `readScore`, for a series in CSV or JSON lines. Rejects with what `readTableBody` throws. */
  readTable(
    body: RawBody,
    limits: ScoreLimits,
    reading: TableReading,
    waits: BodyWaits = {},
  ): Promise<SeriesBody> {
    if (body.length < LARGE_TABLE_BYTES) {
      const bytes = body.toBytes();
      if (!hasManyCells(bytes)) return readTableBody(bytes, reading, limits);
    }
    return this.#threads.read<SeriesBody>(body, { kind: "table", limits, reading }, waits);
  }

  /** As `readScore`, for a data file. Rejects with what `readDataBody` throws. */
  readData(body: RawBody, reading: DataReading, waits: BodyWaits = {}): Promise<DataBody> {
    if (body.length < LARGE_TABLE_BYTES) {
      const bytes = body.toBytes();
      // A few hundred bytes of Parquet may be millions of rows.
      if (!beginsAsParquet(bytes) && !hasManyCells(bytes)) return readDataBody(bytes, reading);
    }
    return this.#threads.read<DataBody>(body, { kind: "data", reading }, waits);
  }

  /** As `readScore`, for an inference request. @throws what `readInferRequest` throws, at once or as a rejection. */
  readInfer(
    body: RawBody,
    headerLength: number | undefined,
    limits: ScoreLimits,
    waits: BodyWaits = {},
    arrays?: Arrays,
  ): InferBody | Promise<InferBody> {
    // Only the JSON counts: to read binary data takes no longer than to send it to a thread.
    if ((headerLength ?? body.length) < MOST_PARSED_BYTES) {
      return readInferRequest(body.toBytes(), headerLength, limits, arrays);
    }
    return this.#threads.read<InferBody>(body, { kind: "infer", limits, headerLength }, waits);
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#threads.close();
  }
}

const LINE_FEED = 0x0a;

function hasManyCells(bytes: Uint8Array): boolean {
  let lines = 1;
  let longest = 0;
  let from = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
    lines += 1;
    longest = Math.max(longest, at - from);
    from = at + 1;
  }
  return lines * Math.max(longest, bytes.length - from) >= LARGE_CELLS_BYTES;
}
