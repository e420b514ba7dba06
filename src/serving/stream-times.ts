/** What a request says of its stream, and when the rows of the stream were. */
import { usualMaxGapMs, usualStepMs } from "../data/gaps.js";
import { ResiduaError } from "../errors.js";
import { invalidContinuation } from "./stream-decoding.js";
import type { StreamState } from "./stream-state.js";

/** What a request says of its stream. */
export interface StreamRequest {
  /** Empty for a new stream. */
  readonly continuation: string;
  /** Undefined: as before; 1 in a new stream. */
  readonly stride: number | undefined;
  /** Undefined: as before; in a new stream 10 times the usual step of its first rows. */
  readonly maxGapMs: number | undefined;
  /** Undefined without timestamps. */
  readonly times: StreamTimes | undefined;
}

/** The times of the rows of a request, and what follows from them alone. */
export interface StreamTimes {
  /** [rows], increasing. */
  readonly ms: Float64Array;
  /** As `usualStepMs`. */
  readonly usualStepMs: number | undefined;
  /** Between which values the usual step lies, together with the step from the row before these; undefined for a new stream. */
  readonly usualStepWithOneMore: readonly [least: number, most: number] | undefined;
}

/**
 * It sorts steps, which takes long where they are many: it is to be called on the thread that reads the body.
 *
 * @param ms [rows], not decreasing.
 * @param ownStepMs their `usualStepMs`.
 */
export function streamTimes(
  ms: Float64Array,
  ownStepMs: number | undefined,
  continuation: string,
): StreamTimes {
  const withOneMore = (step: number): number => usualStepMs([ms, Float64Array.of(0, step)])!;
  // The median of numbers and one more is that one, but for the two that it always lies between.
  const usualStepWithOneMore =
    continuation === ""
      ? undefined
      : ([withOneMore(Number.MIN_VALUE), withOneMore(Number.MAX_VALUE)] as const);
  return { ms, usualStepMs: ownStepMs, usualStepWithOneMore };
}

/** How the rows of a request go on with their stream. All is null or undefined without timestamps. */
export interface StreamTimesAtHand {
  readonly lastMs: number | null;
  readonly maxGapMs: number | null;
  /** [rows]: 1 where there is a gap before the row. */
  readonly isAfterGap: Uint8Array | undefined;
  /** How many of these there are. */
  readonly gaps: number;
}

/** @throws ResiduaError CONTINUATION_INVALID, INVALID_REQUEST where the rows do not go on with the stream. */
export function timesOf(
  { times, maxGapMs: asked }: StreamRequest,
  before: StreamState | undefined,
): StreamTimesAtHand {
  const known = sameAsBefore("maxGapMs", asked, before?.maxGapMs);
  if (before !== undefined && (before.lastMs === null) !== (times === undefined)) {
    const which = times === undefined ? "are missing: the rows before had some" : "were not there before";
    throw timesWrong("/timestamps", which);
  }
  if (times === undefined) return { lastMs: null, maxGapMs: null, isAfterGap: undefined, gaps: 0 };
  const { ms } = times;
  const lastMs = before?.lastMs ?? undefined;
  if (lastMs !== undefined && ms[0]! <= lastMs) {
    throw timesWrong("/timestamps/0", "is not after the last one of the continuation");
  }
  const maxGapMs = known ?? usualMaxGap(times, lastMs) ?? null;
  const isAfterGap = new Uint8Array(ms.length);
  let gaps = 0;
  let previous = lastMs ?? ms[0]!;
  for (let row = 0; row < ms.length && maxGapMs !== null; row++) {
    if (ms[row]! - previous > maxGapMs) {
      isAfterGap[row] = 1;
      gaps++;
    }
    previous = ms[row]!;
  }
  return { lastMs: ms[ms.length - 1]!, maxGapMs, isAfterGap, gaps };
}

/** As `usualMaxGapMs` of the last time before and all new ones. */
function usualMaxGap(
  { ms, usualStepMs: own, usualStepWithOneMore: range }: StreamTimes,
  lastMs: number | undefined,
): number | undefined {
  const step = lastMs === undefined ? own : Math.min(Math.max(ms[0]! - lastMs, range![0]), range![1]);
  return step === undefined ? undefined : usualMaxGapMs([Float64Array.of(0, step)]);
}

/**
 * An option of a stream, which stays as it was.
 *
 * @param was undefined or null where nothing is known of it.
 * @throws ResiduaError CONTINUATION_INVALID where another value is asked for.
 */
export function sameAsBefore(
  name: string,
  asked: number | undefined,
  before: number | null | undefined,
): number | undefined {
  const was = before ?? undefined;
  if (asked === undefined || was === undefined || asked === was) return asked ?? was;
  throw invalidContinuation(
    `The continuation is of a stream with ${name} ${was}, not ${asked}; it stays the same in a stream.`,
    `is of a stream with ${name} ${was}`,
  );
}

function timesWrong(path: string, message: string): ResiduaError {
  const violations = [{ path, message }];
  return new ResiduaError(
    "INVALID_REQUEST",
    `The request does not go on with its stream: ${path} ${message}.`,
    { violations },
  );
}
