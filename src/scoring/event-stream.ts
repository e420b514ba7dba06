/**
 * The events of a stream that comes in parts. They are those that `findEvents` finds in all rows at once, bit for bit:
 * of an event that began before the rows at hand, the rows before a cut are kept as sums.
 */

import { AlarmDetector, type AlarmEvent, type AlarmRule, type AlarmState } from "./alarms.js";
import {
  type AnomalyEvent,
  addFeatureErrors,
  type EventWindows,
  Pauses,
  rowsAfterGaps,
  sharesOf,
} from "./events.js";
import { lowerBound } from "./lower-bound.js";

/** An event under way, as far as its rows before `cut`. All rows are rows of the stream. */
export interface EventSoFar {
  readonly cut: number;
  /** The first and the last row whose error is out of its normal range; -1 where there is none. */
  readonly first: number;
  readonly last: number;
  /** Of these rows, the one with the highest score, and its score. */
  readonly peak: number;
  readonly score: number;
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

export const NO_EVENTS: EventStreamState = {
  alarm: { row: 0, recent: [], open: null },
  closed: 0,
  open: undefined,
  previousStart: -1,
};

/** The rows at hand: row r of the stream is at r - base. They reach n + T - 1 rows further back than the state. */
export interface EventRows {
  readonly base: number;
  /** [N] */
  readonly score: Float64Array;
  /** [N]: neither 1 nor 0 where there is no verdict. */
  readonly anomalous: ArrayLike<number>;
  /** [N]: stitched timestep errors. */
  readonly error: Float64Array;
  readonly errorLimit: number;
  /** Rows at hand, as all of `windows.starts`, count from `base`. */
  readonly windows: EventWindows & { readonly stride: number };
  /** Whether an event ends at a gap. */
  readonly endsAtGaps: boolean;
}

export class EventStream {
  readonly #rule: AlarmRule;
  readonly #rows: EventRows;
  readonly #gaps: ReadonlySet<number>;
  readonly #pauses = new Pauses();
  #state: EventStreamState;

  constructor(rule: AlarmRule, rows: EventRows, state: EventStreamState) {
    this.#rule = rule;
    this.#rows = rows;
    this.#state = state;
    const { base, windows } = rows;
    const previous = state.previousStart < 0 ? undefined : state.previousStart - base;
    this.#gaps = new Set(
      rows.endsAtGaps ? rowsAfterGaps(windows, previous).map((row) => row + base) : undefined,
    );
  }

  /**
   * Goes on to the end of the rows at hand. It yields where other work should be given way to, as `walkEvents`.
   *
   * @param until the row, in the stream, that `state` is of afterwards.
   * @returns the events that were not over before, in order; the last one may be under way.
   */
  *walk(until: number): Generator<undefined, AnomalyEvent[]> {
    const { base, score, anomalous } = this.#rows;
    const end = base + score.length;
    const detector = new AlarmDetector(this.#rule, this.#state.alarm);
    const events: AnomalyEvent[] = [];
    let { closed, open: soFar } = this.#state;
    let next = this.#state;
    for (let row = this.#state.alarm.row; row <= end; row++) {
      if (this.#pauses.isDue(1)) yield undefined;
      if (row === until) {
        const alarm = detector.state;
        const cut = row - this.#rule.n;
        const isLong = alarm.open !== null && alarm.open.start < cut;
        const open = isLong ? yield* this.#extend(soFar, alarm.open.start, cut) : undefined;
        next = {
          alarm,
          closed,
          open,
          previousStart: this.#startBefore(cut - this.#rows.windows.timesteps + 1),
        };
      }
      if (row === end) break;
      const cut = this.#gaps.has(row) ? detector.stop() : undefined;
      const verdict = anomalous[row - base];
      const over = detector.push(verdict === 1 || verdict === 0 ? score[row - base]! : Number.NaN);
      // One row ends one event at most: after a cut none is under way.
      const alarm = cut ?? over;
      if (alarm === undefined) continue;
      closed++;
      events.push(yield* this.#eventOf(closed, alarm, soFar, false));
      soFar = undefined;
    }
    const last = detector.open;
    if (last !== undefined) events.push(yield* this.#eventOf(closed + 1, last, soFar, true));
    this.#state = next;
    return events;
  }

  get state(): EventStreamState {
    return this.#state;
  }

  *#eventOf(
    id: number,
    alarm: AlarmEvent,
    soFar: EventSoFar | undefined,
    open: boolean,
  ): Generator<undefined, AnomalyEvent> {
    const all = yield* this.#extend(soFar, alarm.start, alarm.end + 1);
    if (all.first >= 0) {
      const { first: start, last: end, peak, score } = all;
      return { id, start, end, peak, score, open, features: this.#shares(all.whole) };
    }
    const { start, end, peak, score } = alarm;
    const from = soFar ?? this.#beginning(start);
    const sums = yield* this.#add(from.sums, start, end, from.cut, end);
    return { id, start, end, peak, score, open, features: this.#shares(sums) };
  }

  #beginning(start: number): EventSoFar {
    const none = new Float64Array(this.#rows.windows.featureNames.length);
    return { cut: start, first: -1, last: -1, peak: -1, score: Number.NaN, sums: none, whole: none };
  }

  /** The same event with its rows before a later cut. @param start of the alarm. */
  *#extend(soFar: EventSoFar | undefined, start: number, cut: number): Generator<undefined, EventSoFar> {
    const { base, score: scores, error, errorLimit, windows } = this.#rows;
    const before = soFar ?? this.#beginning(start);
    let { first, last, peak, score } = before;
    for (let row = before.cut; row < cut; row++) {
      if (this.#pauses.isDue(1)) yield undefined;
      const own = scores[row - base]!;
      if (!(error[row - base]! > errorLimit) || Number.isNaN(own)) continue;
      if (first < 0) first = row;
      last = row;
      if (peak >= 0 && !(own > score)) continue;
      peak = row;
      score = own;
    }
    // An event that has only now a first row begins there, and no window that ends before it counts.
    const isLater = first >= 0 && before.first < 0;
    const begin = first < 0 ? start : first;
    const [sums, from] = isLater ? [this.#beginning(first).sums, first] : [before.sums, before.cut];
    const whole = last === before.last ? before.whole : yield* this.#add(sums, begin, last, from, last);
    return {
      cut,
      first,
      last,
      peak,
      score,
      sums: yield* this.#add(sums, begin, cut - 1, from, cut - windows.timesteps),
      whole,
    };
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
    const { starts, timesteps, featureError } = windows;
    const features = sums.length;
    const added = sums.slice();
    for (let i = lowerBound(starts, from - timesteps + 1 - base); i < starts.length; i++) {
      const first = starts[i]! + base;
      if (first > to) break;
      if (this.#pauses.isDue(features)) yield undefined;
      const overlap = Math.min(end + 1, first + timesteps) - Math.max(start, first);
      addFeatureErrors(added, featureError, i, overlap);
    }
    return added;
  }

  #shares(sums: Float64Array): AnomalyEvent["features"] {
    return sharesOf(sums, this.#rows.windows.featureNames);
  }

  #startBefore(row: number): number {
    const { base, windows } = this.#rows;
    const index = lowerBound(windows.starts, row - base) - 1;
    return index < 0 ? this.#state.previousStart : windows.starts[index]! + base;
  }
}
