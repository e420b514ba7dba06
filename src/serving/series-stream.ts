/**
 * The rows of one request of a stream, after the rows that the continuation kept. The windows that cover the rows kept are
 * scored again, which gives the same bits, so neither their errors nor sums of them have to be kept.
 */
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { DriftState } from "../scoring/drift.js";
import { EventStream, type EventStreamState } from "../scoring/event-stream.js";
import type { AnomalyEvent } from "../scoring/events.js";
import type { Scaler } from "../scoring/scaler.js";
import type { ScorableModel, SeriesScores, StreamEnd } from "./score-result.js";
import type { SeriesJudge } from "./series-judge.js";
import { decodeStream } from "./stream-decoding.js";
import { scaleRows, secondsAtHand, unscaleRows } from "./stream-rows.js";
import {
  checkStreamSize,
  encodeStream,
  finalRows,
  rowsKept,
  type StreamFrame,
  type StreamState,
} from "./stream-state.js";
import { type StreamRequest, sameAsBefore, timesOf } from "./stream-times.js";

/** Readings that are copied between two pauses: 4 MiB, a few milliseconds' work. */
const COPIED_AT_ONCE = 2 ** 19;

interface Rows {
  /** [rows, F] in the caller's units; NaN = missing. */
  readonly readings: Float64Array;
  readonly rows: number;
}

/**
 * The rows of the stream that are at hand: some that were kept, and the new ones. Their readings are there when `copyRows`
 * has ended.
 */
export class SeriesStream implements Rows {
  readonly readings: Float64Array;
  readonly rows: number;
  /** [rows], in whole seconds, where the model reads the calendar; undefined for any other. */
  readonly timestampsMs: Float64Array | undefined;
  readonly starts: Int32Array;
  readonly stride: number;
  /** The row, in the stream, of the first row at hand. */
  readonly base: number;
  /** The first row answered: the first one that was not final before. It counts from `base`, as the next one. */
  readonly from: number;
  /** The first row that is not final now. */
  readonly final: number;
  /** How many of the new rows follow on a gap. */
  readonly gaps: number;
  readonly driftBefore: DriftState | undefined;
  readonly #frame: StreamFrame;
  readonly #before: StreamState | undefined;
  /** [new rows, F]: the last rows of `readings`. */
  readonly #added: Float64Array;
  readonly #scaler: Scaler;
  readonly #seconds: Float64Array | undefined;
  /** As in the state, of the rows at hand. */
  readonly #breaks: Uint8Array;
  readonly #runStart: number;
  readonly #maxGapMs: number | null;
  readonly #lastMs: number | null;

  /**
   * @throws ResiduaError CONTINUATION_INVALID; INVALID_REQUEST for timestamps that do not go on where the last request
   *   ended; UNSUPPORTED_BY_MODEL for a model that is too large.
   */
  constructor(model: ScorableModel, judge: SeriesJudge, request: StreamRequest, added: Rows) {
    const { timesteps, features, scaler } = model.scoring;
    this.#frame = frameOf(model, judge);
    this.#scaler = scaler;
    checkStreamSize(this.#frame);
    const before = request.continuation === "" ? undefined : decodeStream(request.continuation, this.#frame);
    this.#before = before;
    this.stride = sameAsBefore("stride", request.stride, before?.stride) ?? 1;
    const times = timesOf(request, before);
    this.#maxGapMs = times.maxGapMs;
    this.#lastMs = times.lastMs;
    this.gaps = times.gaps;
    const kept = before?.breaks.length ?? 0;
    const count = before?.count ?? 0;
    this.base = count - kept;
    this.rows = kept + added.rows;
    this.from = finalRows(count, timesteps) - this.base;
    this.final = finalRows(count + added.rows, timesteps) - this.base;
    this.driftBefore = before?.drift;
    this.#added = added.readings.subarray(0, added.rows * features);
    this.readings = before === undefined ? this.#added : new Float64Array(this.rows * features);
    this.#seconds = this.#frame.timed ? secondsAtHand(before?.seconds, request.times!.ms, kept) : undefined;
    this.timestampsMs = this.#seconds?.map((own) => own * 1000);
    this.#runStart = before?.runStart ?? 0;
    this.#breaks = new Uint8Array(this.rows);
    this.#breaks.set(before?.breaks ?? []);
    if (times.isAfterGap !== undefined) this.#breaks.set(times.isAfterGap, kept);
    this.starts = this.#windowStarts(timesteps);
  }

  /** Puts the rows that were kept, and behind them the new ones, into `readings`, pausing for others. */
  async copyRows(): Promise<void> {
    const added = this.#added;
    const before = this.#before;
    if (before === undefined) return;
    unscaleRows(before.scaled, this.#scaler, this.readings);
    for (let from = 0; from < added.length; from += COPIED_AT_ONCE) {
      if (from > 0) await yieldToEventLoop();
      this.readings.set(added.subarray(from, from + COPIED_AT_ONCE), before.scaled.length + from);
    }
  }

  /** What the continuation knows of events. */
  get eventsBefore(): EventStreamState | undefined {
    return this.#before?.events;
  }

  /**
   * The events of the rows that are answered, and the continuation. It yields where other work should be given way to.
   *
   * @param drift of the rows that are final now.
   */
  *finish(scores: SeriesScores, drift: DriftState | undefined): Generator<undefined, StreamEnd> {
    const { base, stride } = this;
    const before = this.#before;
    const { score, anomalous, eventRule: rule, windows } = scores;
    let stream: EventStream | undefined;
    const events: AnomalyEvent[] = [];
    if (rule !== undefined) {
      const rows = { base, score, anomalous, rule, windows: { ...windows, stride } };
      stream = new EventStream(rows, before?.events);
      for (const event of stream.walk(base + this.final)) {
        if (event === undefined) yield undefined;
        else events.push(event);
      }
    }
    const kept = Math.min(this.rows, rowsKept(this.#frame));
    const first = this.rows - kept;
    const state: StreamState = {
      count: base + this.rows,
      stride,
      maxGapMs: this.#maxGapMs,
      lastMs: this.#lastMs,
      runStart: this.#runStartAt(first),
      breaks: this.#breaks.subarray(first),
      scaled: scaleRows(this.readings, first, this.#scaler),
      seconds: this.#seconds?.subarray(first),
      events: stream?.state,
      drift,
    };
    return { events, continuation: encodeStream(state, this.#frame) };
  }

  #runStartAt(row: number): number {
    for (let at = row; at >= 0; at--) if (this.#breaks[at] === 1) return this.base + at;
    return this.#runStart;
  }

  /** As `windowStarts`, where the first run may begin before the rows at hand. */
  #windowStarts(timesteps: number): Int32Array {
    const { base, stride, rows } = this;
    // Not a list of numbers, which of millions takes ten times as long.
    const starts = new Int32Array(Math.max(0, rows - timesteps + 1));
    let count = 0;
    let next = this.#runStart - base;
    if (next < 0) next += Math.ceil(-next / stride) * stride;
    let run = 0;
    for (let end = 1; end <= rows; end++) {
      if (end < rows && this.#breaks[end] === 0) continue;
      if (run > 0 || this.#breaks[0] === 1) next = run;
      for (; next + timesteps <= end; next += stride) starts[count++] = next;
      run = end;
    }
    return starts.slice(0, count);
  }
}

function frameOf({ name, version, sha256, scoring }: ScorableModel, judge: SeriesJudge): StreamFrame {
  const { timesteps, features, calendar } = scoring;
  const { events, drift } = judge;
  const rule = events?.alarm;
  const blockRows = drift?.blockRows;
  const text = JSON.stringify([judge.windows.scorer, rule ?? null, events?.errorLimit ?? null]);
  const timed = calendar !== undefined;
  return { name, version, sha256, timesteps, features, timed, rule, blockRows, judge: text };
}
