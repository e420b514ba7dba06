/** Which rows of a series belong to alarms, and so may belong to events, while its rows are judged one after the other. */
import { AlarmDetector } from "./alarms.js";
import { type EventRows, type EventStreamState, gapsOf } from "./event-stream.js";
import type { RowsAfterGaps } from "./events.js";

/**
 * Follows the alarms of a series or a stream as event-stream.ts does, but only as far as to tell whether a window overlaps
 * one. Rows count from `base`.
 */
export class AlarmRows {
  readonly #rows: EventRows;
  readonly #gaps: RowsAfterGaps | undefined;
  readonly #detector: AlarmDetector;
  /** The rows of each alarm so far, in order; alarms do not overlap. */
  readonly #alarms: { readonly first: number; last: number }[] = [];
  /** Alarms before this one end before every window that is still asked about. */
  #alarm = 0;
  #judged: number;

  /** @param state of a stream, with what is known of the alarms before the rows at hand. */
  constructor(rows: EventRows, state?: EventStreamState) {
    const { base, rule } = rows;
    this.#rows = rows;
    this.#gaps = gapsOf(rows, state);
    this.#detector = new AlarmDetector(rule.alarm, state?.alarm);
    this.#judged = state === undefined ? 0 : state.alarm.row - base;
    this.#extend(this.#judged - 1);
  }

  /** The scores and verdicts of the rows before `end` are there. */
  judge(end: number): void {
    const { score, anomalous } = this.#rows;
    for (; this.#judged < end; this.#judged++) {
      const row = this.#judged;
      if (this.#gaps?.has(row) === true) this.#detector.stop();
      const verdict = anomalous[row];
      this.#detector.push(verdict === 1 || verdict === 0 ? score[row]! : Number.NaN);
      this.#extend(row);
    }
  }

  /** Whether later rows cannot make `row` a part of an alarm: an alarm begins at most n - 1 rows before it is known. */
  isSettled(row: number): boolean {
    return row <= this.#judged - this.#rows.rule.alarm.n;
  }

  /**
   * Whether a window overlaps one of the alarms so far.
   *
   * @param start its first row; not before that of any window asked about earlier.
   */
  overlap(start: number): boolean {
    while (this.#alarm < this.#alarms.length && this.#alarms[this.#alarm]!.last < start) this.#alarm++;
    const alarm = this.#alarms[this.#alarm];
    return alarm !== undefined && alarm.first < start + this.#rows.windows.timesteps;
  }

  /** Counts `row` to the alarm that is under way, if there is one. */
  #extend(row: number): void {
    const open = this.#detector.open;
    if (open === undefined) return;
    const first = open.start - this.#rows.base;
    const latest = this.#alarms.at(-1);
    if (latest?.first === first) latest.last = row;
    else this.#alarms.push({ first, last: row });
  }
}
