/** How well alarms meet labelled events: each event counts once, however long it is. */
import { flaggedRuns } from "../scoring/windows.js";

/** Rows from `start` to `end`, both included. */
export interface EventSpan {
  readonly start: number;
  readonly end: number;
}

/** Of several stretches of rows, counts add up and delays are joined. */
export interface EventCounts {
  /** Labelled events, and those of them that an alarm overlaps. */
  readonly events: number;
  readonly found: number;
  /** Alarms, and those of them that overlap a labelled event. */
  readonly alarms: number;
  readonly justified: number;
  /** By event found, rows from its first row to the first one in an alarm; 0 where an alarm was on already. */
  readonly delays: readonly number[];
}

export interface EventFigures {
  /** The share of the alarms that overlap a labelled event; undefined without alarms. */
  readonly precision: number | undefined;
  /** The share of the labelled events that an alarm overlaps; undefined without events. */
  readonly recall: number | undefined;
  /** Rows: the median over the events found; undefined where there is none. */
  readonly medianDelay: number | undefined;
}

/** The runs of rows that are 1. */
export function eventsOf(flags: ArrayLike<number>): EventSpan[] {
  return flaggedRuns(flags).map(({ start, end }) => ({ start, end: end - 1 }));
}

/** Both in order of time, and neither overlapping itself. */
export function countEvents(labelled: readonly EventSpan[], alarms: readonly EventSpan[]): EventCounts {
  const delays: number[] = [];
  let justified = 0;
  let first = 0;
  for (const event of labelled) {
    while (first < alarms.length && alarms[first]!.end < event.start) first++;
    const alarm = alarms[first];
    if (alarm !== undefined && alarm.start <= event.end) delays.push(Math.max(0, alarm.start - event.start));
  }
  let next = 0;
  for (const alarm of alarms) {
    while (next < labelled.length && labelled[next]!.end < alarm.start) next++;
    const event = labelled[next];
    if (event !== undefined && event.start <= alarm.end) justified++;
  }
  return { events: labelled.length, found: delays.length, alarms: alarms.length, justified, delays };
}

/** Precision, recall and the median delay in rows; undefined where there is nothing to count. */
export function eventFiguresOf({ events, found, alarms, justified, delays }: EventCounts): EventFigures {
  const sorted = [...delays].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return {
    precision: alarms === 0 ? undefined : justified / alarms,
    recall: events === 0 ? undefined : found / events,
    medianDelay: sorted.length % 2 === 1 ? sorted[middle] : meanOf(sorted[middle - 1], sorted[middle]),
  };
}

function meanOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : (a + b) / 2;
}

/** The counts of two stretches of rows together. */
export function addEventCounts(a: EventCounts, b: EventCounts): EventCounts {
  return {
    events: a.events + b.events,
    found: a.found + b.found,
    alarms: a.alarms + b.alarms,
    justified: a.justified + b.justified,
    delays: [...a.delays, ...b.delays],
  };
}
