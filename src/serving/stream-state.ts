/** What is kept of a stream between two requests, and the text that it becomes. stream-decoding.ts reads it back. */
import { createHash } from "node:crypto";
import { ResiduaError } from "../errors.js";
import type { AlarmRule } from "../scoring/alarms.js";
import type { DriftState } from "../scoring/drift.js";
import type { EventSoFar, EventStreamState } from "../scoring/event-stream.js";

/** The most characters of a continuation. */
export const MOST_CHARACTERS = 128 * 1024;

export interface StreamState {
  /** Rows of the stream so far. */
  readonly count: number;
  readonly stride: number;
  /** A longer step in time is a gap; null while nobody has said, or without timestamps. */
  readonly maxGapMs: number | null;
  /** Null without timestamps. */
  readonly lastMs: number | null;
  /** The first row of the run, without a gap, that the first row kept belongs to. */
  readonly runStart: number;
  /** [rows kept]: 1 where a row begins a run. */
  readonly breaks: Uint8Array;
  /** [rows kept, F]: the last rows as the network reads them, scaled; NaN = missing. */
  readonly scaled: Float32Array;
  /** [rows kept]: when they were, in whole seconds, where the model reads the calendar; undefined for any other. */
  readonly seconds?: Float64Array | undefined;
  /** Undefined where there is no threshold. */
  readonly events: EventStreamState | undefined;
  /** Undefined where the model does not know how normal p-values vary. */
  readonly drift: DriftState | undefined;
}

/** What a state has to fit. */
export interface StreamFrame {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly timesteps: number;
  readonly features: number;
  /** Whether the model reads the calendar. */
  readonly timed?: boolean;
  /** Undefined without a threshold. */
  readonly rule: AlarmRule | undefined;
  /** Undefined without drift. */
  readonly blockRows: number | undefined;
  /** Scorer, threshold and rule, as text: the state of another judge means nothing to this one. */
  readonly judge: string;
}

/**
 * How many rows are kept: the T - 1 that are not final, the last n that are (n of the alarm rule), and the T - 1 before
 * those, to which the windows that cover them reach back.
 */
export function rowsKept({ timesteps, rule }: StreamFrame): number {
  return 2 * (timesteps - 1) + (rule?.n ?? 0);
}

/** The rows of a stream that no later window will cover. */
export function finalRows(count: number, timesteps: number): number {
  return Math.max(0, count - timesteps + 1);
}

/** Head, counts, and the drift counters of a million blocks. */
const BYTES_OF_THE_REST = 10_000;

export const MAGIC = "RSC1";
export const CHECK_BYTES = 8;
export const HASH_BYTES = 16;
/** Magic, checksum, version, judge, length of the JSON part. */
export const HEAD_BYTES = MAGIC.length + CHECK_BYTES + 2 * HASH_BYTES + 4;

/** The first `bytes` bytes of the sha256 of some data. */
export function digest(data: string | Uint8Array, bytes: number): Buffer {
  return createHash("sha256").update(data).digest().subarray(0, bytes);
}

/** The continuation of a state. @throws ResiduaError UNSUPPORTED_BY_MODEL where it is larger than 128 KiB. */
export function encodeStream(state: StreamState, frame: StreamFrame): string {
  const { breaks, scaled, seconds, events, drift, ...others } = state;
  const numbers: number[] = [];
  for (const { row, blocks, sum, small } of drift?.entries ?? []) numbers.push(row, blocks, sum, small);
  const open = events?.open;
  if (open !== undefined) numbers.push(...open.sums, ...open.whole);
  const members = {
    ...others,
    ...(seconds && { steps: stepsOf(seconds) }),
    events: events === undefined ? null : { ...events, open: open === undefined ? null : rowsOf(open) },
    drift: drift === undefined ? null : { row: drift.row, entries: drift.entries.length, open: drift.open },
  };
  const json = Buffer.from(JSON.stringify(members));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const rest = Buffer.concat([
    digest(frame.sha256, HASH_BYTES),
    digest(frame.judge, HASH_BYTES),
    length,
    json,
    toBits(breaks),
    bytesOf(scaled),
    bytesOf(Float64Array.from(numbers)),
  ]);
  const text = Buffer.concat([Buffer.from(MAGIC), digest(rest, CHECK_BYTES), rest]).toString("base64url");
  if (text.length > MOST_CHARACTERS) throw tooLarge(frame);
  return text;
}

/** Refuses a model whose rows and sums do not fit. @throws ResiduaError UNSUPPORTED_BY_MODEL */
export function checkStreamSize(frame: StreamFrame): void {
  const { features } = frame;
  const rows = rowsKept(frame);
  const bytes = 4 * rows * features + rows / 8 + 16 * features + BYTES_OF_THE_REST;
  if ((bytes * 4) / 3 > MOST_CHARACTERS) throw tooLarge(frame);
}

function tooLarge({ name, version, timesteps, features }: StreamFrame): ResiduaError {
  return new ResiduaError(
    "UNSUPPORTED_BY_MODEL",
    `${name} ${version} has ${timesteps} timesteps of ${features} features: a continuation would be larger than ${MOST_CHARACTERS} characters.`,
    { violations: [{ path: "/continuation", message: "is not possible for a model of this size" }] },
  );
}

/**
 * Times as the first one, and then [rows, seconds from each of them to the next]: rows of one step, which are usual, take
 * no space.
 */
function stepsOf(seconds: Float64Array): [first: number, ...steps: [rows: number, step: number][]] {
  const steps: [number, number][] = [];
  for (let row = 1; row < seconds.length; row++) {
    const step = seconds[row]! - seconds[row - 1]!;
    const last = steps.at(-1);
    if (last?.[1] === step) last[0]++;
    else steps.push([1, step]);
  }
  return [seconds[0]!, ...steps];
}

function rowsOf({ first, last, peak, score }: EventSoFar) {
  return { first, last, peak, score: Number.isNaN(score) ? null : score };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function toBits(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (let i = 0; i < flags.length; i++) bits[i >> 3]! |= flags[i]! << (i & 7);
  return bits;
}
