/**
 * Alarms as people count them: not timesteps above a threshold but events, each with a beginning and an end.
 *
 * An event begins when k of the last n timesteps are above the threshold, so that a single noisy score need not raise
 * an alarm. It goes on as long as k of the last n are above a lower value, so that a score that swings about the
 * threshold is one event and not many (hysteresis, as of a Schmitt trigger).
 */
import { InputError } from "../errors.js";

export interface AlarmRule {
  /** A timestep counts towards the beginning of an event above this score. */
  readonly threshold: number;
  /** 1 to n. */
  readonly k: number;
  /** 1 to `LARGEST_N`. */
  readonly n: number;
  /** A timestep keeps an event going above this score; at most the threshold. */
  readonly endValue: number;
}

/** One bit for each of the last n timesteps has to fit into a 32-bit number. */
export const LARGEST_N = 32;

/** A number with a bit for each of the last n timesteps. @param n 1 to `LARGEST_N` */
export function bitsOfLast(n: number): number {
  return n === LARGEST_N ? -1 : (1 << n) - 1;
}

/** Rows count from 0, the first timestep that was pushed. */
export interface AlarmEvent {
  /** The first of the timesteps above the threshold that began the event. */
  readonly start: number;
  /** The last timestep above the end value. */
  readonly end: number;
  /** The timestep of the highest score, the first of them where there are several. */
  readonly peak: number;
  /** The score at the peak. */
  readonly score: number;
}

/** All that has to be kept of the timesteps so far; JSON holds it. */
export interface AlarmState {
  /** Timesteps pushed so far. */
  readonly row: number;
  /** The last n scores at most, null for none: those since the last event ended, or since it began. */
  readonly recent: readonly (number | null)[];
  /** The event under way. */
  readonly open: AlarmEvent | null;
}

/** Finds events in scores that come one timestep at a time. */
export class AlarmDetector {
  readonly #rule: AlarmRule;
  readonly #window: number;
  /** [n]: the last scores, that of row r at r % n. */
  readonly #recent: Float64Array;
  #row = 0;
  /** How many of #recent say something. */
  #known = 0;
  /** Bit i is 1 where the score i timesteps before the last one is above the threshold; above the end value. */
  #above = 0;
  #kept = 0;
  #open: { start: number; end: number; peak: number; score: number } | undefined;

  /**
   * @param state as `state` gave it for the same rule: goes on from there.
   * @throws InputError where k, n and the end value do not go together.
   */
  constructor(rule: AlarmRule, state?: AlarmState) {
    const { k, n, threshold, endValue } = rule;
    if (!(Number.isInteger(n) && n >= 1 && n <= LARGEST_N && Number.isInteger(k) && k >= 1 && k <= n)) {
      throw new InputError(
        `An event needs k of n timesteps with 1 <= k <= n <= ${LARGEST_N}, not ${k} of ${n}.`,
      );
    }
    if (!(endValue <= threshold)) {
      throw new InputError(
        `An event's end value has to be at most its threshold ${threshold}, not ${endValue}.`,
      );
    }
    this.#rule = rule;
    this.#window = bitsOfLast(n);
    this.#recent = new Float64Array(n);
    if (state === undefined) return;
    this.#row = state.row - state.recent.length;
    for (const score of state.recent) this.#remember(score ?? Number.NaN);
    this.#open = state.open === null ? undefined : { ...state.open };
  }

  /**
   * The next timestep.
   *
   * @param score NaN where there is none: it is above nothing.
   * @returns the event that is over with this timestep, if there is one.
   */
  push(score: number): AlarmEvent | undefined {
    const { k } = this.#rule;
    const row = this.#row;
    this.#remember(score);
    const open = this.#open;
    if (open === undefined) {
      if (countBits(this.#above) >= k) this.#open = this.#begin();
      return undefined;
    }
    if (countBits(this.#kept) < k) return this.stop();
    if (!(score > this.#rule.endValue)) return undefined;
    open.end = row;
    if (score > open.score) {
      open.peak = row;
      open.score = score;
    }
    return undefined;
  }

  /** Ends what is under way, as at a gap: the timesteps before it count no more. */
  stop(): AlarmEvent | undefined {
    const open = this.#open;
    this.#open = undefined;
    this.#above = 0;
    this.#kept = 0;
    this.#known = 0;
    return open;
  }

  /** The event under way, with what is known of it so far. */
  get open(): AlarmEvent | undefined {
    return this.#open === undefined ? undefined : { ...this.#open };
  }

  get state(): AlarmState {
    const recent: (number | null)[] = [];
    for (let row = this.#row - this.#known; row < this.#row; row++) {
      const score = this.#recent[row % this.#rule.n]!;
      recent.push(Number.isNaN(score) ? null : score);
    }
    return { row: this.#row, recent, open: this.open ?? null };
  }

  #remember(score: number): void {
    const { n, threshold, endValue } = this.#rule;
    this.#recent[this.#row % n] = score;
    this.#row++;
    if (this.#known < n) this.#known++;
    this.#above = ((this.#above << 1) | (score > threshold ? 1 : 0)) & this.#window;
    this.#kept = ((this.#kept << 1) | (score > endValue ? 1 : 0)) & this.#window;
  }

  #begin(): AlarmEvent {
    const last = this.#row - 1;
    const start = last - (31 - Math.clz32(this.#above));
    let peak = start;
    const scoreOf = (row: number) => this.#recent[row % this.#rule.n]!;
    for (let row = start + 1; row <= last; row++) if (scoreOf(row) > scoreOf(peak)) peak = row;
    // The last timestep is above the threshold: without it there would have been k of n before.
    return { start, end: last, peak, score: scoreOf(peak) };
  }
}

/** How many bits are 1, of 32. */
export function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * A state that came from outside, such as with a continuation.
 *
 * @returns undefined where `value` is not a state that a detector with this rule can have.
 */
export function parseAlarmState(value: unknown, rule: AlarmRule): AlarmState | undefined {
  if (!isObject(value)) return undefined;
  const { row, recent, open } = value;
  if (!isRow(row) || !Array.isArray(recent) || recent.length > Math.min(rule.n, row)) return undefined;
  if (!recent.every((score) => score === null || Number.isFinite(score))) return undefined;
  if (open === null) return { row, recent, open };
  if (!isObject(open)) return undefined;
  const { start, end, peak, score } = open;
  if (!isRow(start) || !isRow(end) || !isRow(peak) || typeof score !== "number") return undefined;
  const ordered = start <= peak && peak <= end && end < row;
  if (!ordered || !Number.isFinite(score) || !(score > rule.threshold)) return undefined;
  return { row, recent, open: { start, end, peak, score } };
}

function isObject(value: unknown): value is Record<"row" | "recent" | "open" | keyof AlarmEvent, unknown> {
  return typeof value === "object" && value !== null;
}

function isRow(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
