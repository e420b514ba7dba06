/** The state of a stream from a continuation. It comes from outside: every number is checked before it is used. */
import { ResiduaError } from "../errors.js";
import { parseAlarmState } from "../scoring/alarms.js";
import { type DriftState, parseDriftState } from "../scoring/drift.js";
import type { EventStreamState } from "../scoring/event-stream.js";
import { FLOAT32_MAX } from "../scoring/residuals.js";
import {
  CHECK_BYTES,
  digest,
  finalRows,
  HASH_BYTES,
  HEAD_BYTES,
  MAGIC,
  MOST_CHARACTERS,
  rowsKept,
  type StreamFrame,
  type StreamState,
} from "./stream-state.js";

/** No sum of errors or p-values comes near it, and a sum of such sums is finite. */
const LARGEST_SUM = 1e100;

/** CONTINUATION_INVALID. */
export function invalidContinuation(detail: string, message: string): ResiduaError {
  return new ResiduaError("CONTINUATION_INVALID", detail, {
    violations: [{ path: "/continuation", message }],
  });
}

const damaged = (): ResiduaError =>
  invalidContinuation(
    "The continuation is damaged; send it as the answer before had it, or an empty one with all rows.",
    "is damaged",
  );

/** The state of a continuation. @throws ResiduaError CONTINUATION_INVALID where it is damaged or does not fit. */
export function decodeStream(text: string, frame: StreamFrame): StreamState {
  if (text.length > MOST_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(text)) throw damaged();
  const bytes = Buffer.from(text, "base64url");
  const check = MAGIC.length + CHECK_BYTES;
  if (bytes.length < HEAD_BYTES || bytes.toString("base64url") !== text) throw damaged();
  const rest = bytes.subarray(check);
  const isWhole = digest(rest, CHECK_BYTES).equals(bytes.subarray(MAGIC.length, check));
  if (!isWhole || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) throw damaged();
  if (!digest(frame.sha256, HASH_BYTES).equals(rest.subarray(0, HASH_BYTES))) {
    throw invalidContinuation(
      `The continuation is of another version than ${frame.name} ${frame.version}; send all rows anew, or name the version that it is of.`,
      "is of another version of the model",
    );
  }
  if (!digest(frame.judge, HASH_BYTES).equals(rest.subarray(HASH_BYTES, 2 * HASH_BYTES))) {
    throw invalidContinuation(
      "The continuation is of another scorer or threshold; they stay the same in a stream.",
      "is of another scorer or threshold",
    );
  }
  const jsonAt = 2 * HASH_BYTES + 4;
  const binaryAt = jsonAt + rest.readUInt32LE(2 * HASH_BYTES);
  const state =
    binaryAt <= rest.length
      ? parseState(rest.toString("utf8", jsonAt, binaryAt), rest.subarray(binaryAt), frame)
      : undefined;
  if (state === undefined) throw damaged();
  return state;
}

type Members = Readonly<Record<string, unknown>>;

function parseState(json: string, binary: Buffer, frame: StreamFrame): StreamState | undefined {
  const members = parseMembers(json);
  if (members === undefined) return undefined;
  const { count, stride, maxGapMs, lastMs, runStart } = members;
  if (!isCount(count) || count === 0 || !isCount(stride) || stride === 0 || !isCount(runStart))
    return undefined;
  if (!(maxGapMs === null || (isNumber(maxGapMs) && maxGapMs > 0))) return undefined;
  if (!(lastMs === null || isNumber(lastMs))) return undefined;
  const kept = Math.min(count, rowsKept(frame));
  if (runStart > count - kept) return undefined;
  const bitBytes = Math.ceil(kept / 8);
  const rowBytes = kept * frame.features * 4;
  const numberBytes = binary.length - bitBytes - rowBytes;
  if (numberBytes < 0 || numberBytes % 8 !== 0) return undefined;
  const scaled = new Float32Array(copyOf(binary, bitBytes, rowBytes));
  const numbers = new Float64Array(copyOf(binary, bitBytes + rowBytes, numberBytes));
  if (scaled.some((x) => Math.abs(x) === Number.POSITIVE_INFINITY)) return undefined;
  if (!numbers.every((x) => x >= 0 && x <= LARGEST_SUM)) return undefined;
  const final = finalRows(count, frame.timesteps);
  const seconds = frame.timed === true ? parseSteps(members["steps"], kept) : undefined;
  if (frame.timed === true && (seconds === undefined || lastMs === null)) return undefined;
  const drift = parseDrift(members["drift"], numbers, final, frame.blockRows);
  if (drift === undefined) return undefined;
  const events = parseEvents(members["events"], numbers.subarray(drift.used), final, frame);
  if (events === undefined) return undefined;
  return {
    ...{ count, stride, maxGapMs, lastMs, runStart, scaled },
    ...(seconds && { seconds }),
    breaks: fromBits(binary, kept),
    events: events.state,
    drift: drift.state,
  };
}

/** The times of `kept` rows from what `stepsOf` makes of them. */
function parseSteps(value: unknown, kept: number): Float64Array | undefined {
  if (kept === 0) return new Float64Array(0);
  if (!Array.isArray(value) || value.length > kept) return undefined;
  const [first, ...steps] = value as readonly unknown[];
  if (!isNumber(first) || !Number.isInteger(first)) return undefined;
  const seconds = new Float64Array(kept);
  seconds[0] = first;
  let row = 1;
  for (const entry of steps) {
    const [rows, step] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (!isCount(rows) || rows < 1 || row + rows > kept) return undefined;
    if (!isNumber(step) || step < 0 || !Number.isInteger(step)) return undefined;
    for (let i = 0; i < rows; i++, row++) seconds[row] = seconds[row - 1]! + step;
  }
  return row === kept && seconds.every(Number.isFinite) ? seconds : undefined;
}

function parseDrift(
  value: unknown,
  numbers: Float64Array,
  final: number,
  blockRows: number | undefined,
): { state: DriftState | undefined; used: number } | undefined {
  if (blockRows === undefined) return value === null ? { state: undefined, used: 0 } : undefined;
  if (!isMembers(value)) return undefined;
  const { row, entries: count, open } = value;
  if (row !== final || !isCount(count) || count * 4 > numbers.length) return undefined;
  const entries = Array.from({ length: count }, (_, i) => {
    const [row, blocks, sum, small] = numbers.subarray(4 * i, 4 * i + 4);
    return { row, blocks, sum, small };
  });
  const state = parseDriftState({ row, entries, open }, blockRows);
  return state === undefined ? undefined : { state, used: 4 * count };
}

/** @param numbers the sums of the event under way, and nothing else. */
function parseEvents(
  value: unknown,
  numbers: Float64Array,
  final: number,
  { rule, features }: StreamFrame,
): { state: EventStreamState | undefined } | undefined {
  if (rule === undefined) return value === null && numbers.length === 0 ? { state: undefined } : undefined;
  if (!isMembers(value)) return undefined;
  const { closed, open, previousStart } = value;
  const alarm = parseAlarmState(value["alarm"], rule);
  if (alarm === undefined || alarm.row !== final || !isCount(closed)) return undefined;
  if (previousStart !== -1 && !(isCount(previousStart) && previousStart < final)) return undefined;
  const cut = final - rule.n;
  if (alarm.open !== null && alarm.open.score > FLOAT32_MAX) return undefined;
  if (alarm.open !== null && alarm.open.end < cut) return undefined;
  const isLong = alarm.open !== null && alarm.open.start < cut;
  if (!isLong) {
    if (open !== null || numbers.length > 0) return undefined;
    return { state: { alarm, closed, open: undefined, previousStart } };
  }
  if (!isMembers(open) || numbers.length !== 2 * features) return undefined;
  const { first, last, peak, score } = open;
  const base = { cut, sums: numbers.slice(0, features), whole: numbers.slice(features) };
  if (first === -1) {
    if (last !== -1 || peak !== -1 || score !== null) return undefined;
    const soFar = { ...base, first, last, peak, score: Number.NaN };
    return { state: { alarm, closed, open: soFar, previousStart } };
  }
  if (!isCount(first) || !isCount(last) || !isCount(peak) || !isNumber(score) || score > FLOAT32_MAX)
    return undefined;
  if (!(alarm.open.start <= first && first <= peak && peak <= last && last < cut)) return undefined;
  return { state: { alarm, closed, open: { ...base, first, last, peak, score }, previousStart } };
}

function parseMembers(json: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Far below the largest integer of a double, so that sums of rows are exact. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 50;
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** A copy, since numbers have to be aligned. */
function copyOf(bytes: Buffer, from: number, length: number): ArrayBuffer {
  return Uint8Array.from(bytes.subarray(from, from + length)).buffer;
}

function fromBits(bits: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (bits[i >> 3]! >> (i & 7)) & 1);
}
