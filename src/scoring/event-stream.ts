/**
 * Finds the events of a series, which may be a stream that comes in parts: of an event that began before the rows at
 * hand, the rows before a cut are kept as sums, and what is found is what all rows at once give, bit for bit.
 */

import { AlarmDetector, type AlarmEvent, type AlarmState } from "./alarms.js";
import { type AnomalyEvent, type EventRule, type EventWindows, RowsAfterGaps, sharesOf } from "./events.js";
import { lowerBound } from "./lower-bound.js";

/** The rows of an event whose error is out of its normal range. All rows are rows of the stream. */
interface OutOfRange {
  /** The first and the last of them; -1 where there is none. */
  readonly first: number;
  readonly last: number;
  /** The one with the highest score, and its score. */
  readonly peak: number;
  readonly score: number;
}

/** An event under way, as far as its rows before `cut`. */
export interface EventSoFar extends OutOfRange {
  readonly cut: number;
  /** [F]: what the windows that end before `cut` add to the shares of an event that begins at `first`, or at the alarm. */
  readonly sums: Float64Array;
  /** [F]: what all windows add to the shares of an event from `first` to `last`; all 0 where there are none. */
  readonly whole: Float64Array;
}

/** What is kept of a stream's events up to a row. */
export interface EventStreamState {
  /** Its `row` is the row up to which the stream was walked. */
  readonly alarm: AlarmState;
  /** Events that are over. */
  readonly closed: number;
  /** Undefined where no event is under way, or all of its rows are still at hand. */
  readonly open: EventSoFar | undefined;
  /** The first row of the last window that begins before the rows at hand; -1 for none. */
  readonly previousStart: number;
}

const NO_EVENTS: EventStreamState = {
  alarm: { row: 0, recent: [], open: null },
  closed: 0,
  open: undefined,
  previousStart: -1,
};

/** The rows at hand: row r of the stream is at r - base. They reach n + T - 1 rows further back than the state. */
export interface EventRows {
  readonly base: number;
  /** [N]: stitched scores. */
  readonly score: Float64Array;
  /** [N]: neither 1 nor 0 where there is no verdict: such a timestep counts as one without a score. */
  readonly anomalous: ArrayLike<number>;
  readonly rule: EventRule;
  /** All of `windows.starts` count from `base`. */
  readonly windows: EventWindows;
}

/** Rows looked at, or contributions summed, between two pauses: at most a millisecond's work. */
const STEPS_BETWEEN_PAUSES = 32_768;

/**
 * The events of a whole series, in order of time.
 *
 * @param rows with base 0.
 */
export function findEvents(rows: Omit<EventRows, "base">): AnomalyEvent[] {
  return [...walkEvents(rows)].filter((event) => event !== undefined);
}

/** As `findEvents`, one event at a time, with the pauses of `EventStream.walk`. */
export function walkEvents(rows: Omit<EventRows, "base">): Generator<AnomalyEvent | undefined, void> {
  return new EventStream({ ...rows, base: 0 }).walk();
}

/** The gaps that end events, in rows at hand: counted from `base`; undefined where the rule lets events go on over them. */
export function gapsOf(
  { base, rule, windows }: EventRows,
  { previousStart }: EventStreamState = NO_EVENTS,
): RowsAfterGaps | undefined {
  if (!rule.endsAtGaps) return undefined;
  return new RowsAfterGaps(windows, previousStart < 0 ? undefined : previousStart - base);
}

export class EventStream {
  readonly #rows: EventRows;
  #state: EventStreamState;
  #stepsLeft = STEPS_BETWEEN_PAUSES;

  constructor(rows: EventRows, state: EventStreamState = NO_EVENTS) {
    this.#rows = rows;
    this.#state = state;
  }

  /**
   * Goes on to the end of the rows at hand. It gives the events that were not over before, in order; the last one may be
   * under way. It yields undefined at a pause, when it has worked for about a millisecond and has no event yet, so that
   * the caller can give way to other work.
   *
   * @param until the row, in the stream, that `state` is of afterwards; undefined where the stream does not go on.
   */
  *walk(until?: number): Generator<AnomalyEvent | undefined, void> {
    const { base, score, anomalous, rule, windows } = this.#rows;
    const end = base + score.length;
    const detector = new AlarmDetector(rule.alarm, this.#state.alarm);
    const gaps = gapsOf(this.#rows, this.#state);
    let { closed, open: soFar } = this.#state;
    let next = this.#state;
    for (let row = this.#state.alarm.row; row <= end; row++) {
      if (this.#isPauseDue(1)) yield undefined;
      if (row === until) {
        const alarm = detector.state;
        const cut = row - rule.alarm.n;
        const isLong = alarm.open !== null && alarm.open.start < cut;
        const open = isLong ? yield* this.#extend(soFar, alarm.open.start, cut) : undefined;
        next = { alarm, closed, open, previousStart: this.#startBefore(cut - windows.timesteps + 1) };
      }
      if (row === end) break;
      const cut = gaps?.has(row - base) === true ? detector.stop() : undefined;
      const verdict = anomalous[row - base];
      const over = detector.push(verdict === 1 || verdict === 0 ? score[row - base]! : Number.NaN);
      // One row ends one event at most: after a cut none is under way.
      const alarm = cut ?? over;
      if (alarm === undefined) continue;
      closed++;
      yield yield* this.#eventOf(closed, alarm, soFar, false);
      soFar = undefined;
    }
    const last = detector.open;
    if (last !== undefined) yield yield* this.#eventOf(closed + 1, last, soFar, true);
    this.#state = next;
  }

  /** After the last step of `walk`. */
  get state(): EventStreamState {
    return this.#state;
  }

  *#eventOf(
    id: number,
    alarm: AlarmEvent,
    soFar: EventSoFar | undefined,
    open: boolean,
  ): Generator<undefined, AnomalyEvent> {
    const before = soFar ?? this.#beginning(alarm.start);
    const out = yield* this.#findOut(before, alarm.end + 1);
    const { featureNames } = this.#rows.windows;
    if (out.first >= 0) {
      const { first: start, last: end, peak, score } = out;
      const features = sharesOf(yield* this.#whole(before, out, start), featureNames);
      return { id, start, end, peak, score, open, features };
    }
    const { start, end, peak, score } = alarm;
    const sums = yield* this.#add(before.sums, start, end, before.cut, end);
    return { id, start, end, peak, score, open, features: sharesOf(sums, featureNames) };
  }

  #beginning(start: number): EventSoFar {
    const none = new Float64Array(this.#rows.windows.featureNames.length);
    return { cut: start, first: -1, last: -1, peak: -1, score: Number.NaN, sums: none, whole: none };
  }

  /** The same event with its rows before a later cut. @param start of the alarm. */
  *#extend(soFar: EventSoFar | undefined, start: number, cut: number): Generator<undefined, EventSoFar> {
    const before = soFar ?? this.#beginning(start);
    const out = yield* this.#findOut(before, cut);
    const begin = out.first < 0 ? start : out.first;
    const [sums, from] = this.#sumsFrom(before, out);
    return {
      ...out,
      cut,
      sums: yield* this.#add(sums, begin, cut - 1, from, cut - this.#rows.windows.timesteps),
      whole: yield* this.#whole(before, out, begin),
    };
  }

  /** Goes on to look for rows out of their normal range. */
  *#findOut(before: EventSoFar, cut: number): Generator<undefined, OutOfRange> {
    const { base, score: scores, rule } = this.#rows;
    let { first, last, peak, score } = before;
    for (let row = before.cut; row < cut; row++) {
      if (this.#isPauseDue(1)) yield undefined;
      const own = scores[row - base]!;
      if (!(rule.error[row - base]! > rule.errorLimit) || Number.isNaN(own)) continue;
      if (first < 0) first = row;
      last = row;
      if (peak >= 0 && !(own > score)) continue;
      peak = row;
      score = own;
    }
    return { first, last, peak, score };
  }

  /** As `EventSoFar.whole`. */
  *#whole(before: EventSoFar, out: OutOfRange, begin: number): Generator<undefined, Float64Array> {
    if (out.last === before.last) return before.whole;
    const [sums, from] = this.#sumsFrom(before, out);
    return yield* this.#add(sums, begin, out.last, from, out.last);
  }

  /** Sums so far, and the first row that they do not count. */
  #sumsFrom(before: EventSoFar, { first }: OutOfRange): [sums: Float64Array, from: number] {
    // An event that has only now a first row begins there, and no window that ends before it counts.
    const isLater = first >= 0 && before.first < 0;
    return isLater ? [this.#beginning(first).sums, first] : [before.sums, before.cut];
  }

  /**
   * Sums, with those windows that end at `from` or later and begin at `to` at the latest, each by the number of
   * timesteps from `start` to `end` that it covers.
   */
  *#add(
    sums: Float64Array,
    start: number,
    end: number,
    from: number,
    to: number,
  ): Generator<undefined, Float64Array> {
    const { base, windows } = this.#rows;
    const { starts, timesteps, contributions } = windows;
    const features = sums.length;
    const added = sums.slice();
    for (let i = lowerBound(starts, from - timesteps + 1 - base); i < starts.length; i++) {
      const first = starts[i]! + base;
      if (first > to) break;
      if (this.#isPauseDue(features)) yield undefined;
      const weight = Math.min(end + 1, first + timesteps) - Math.max(start, first);
      for (let f = 0; f < features; f++) added[f]! += contributions[i * features + f]! * weight;
    }
    return added;
  }

  #startBefore(row: number): number {
    const { base, windows } = this.#rows;
    const index = lowerBound(windows.starts, row - base) - 1;
    return index < 0 ? this.#state.previousStart : windows.starts[index]! + base;
  }

  #isPauseDue(steps: number): boolean {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft > 0) return false;
    this.#stepsLeft = STEPS_BETWEEN_PAUSES;
    return true;
  }
}
