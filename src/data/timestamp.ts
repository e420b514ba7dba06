/** Written dates and times of one kind: RFC 3339 and its relatives. All are milliseconds since 1970 in UTC. */
import { type Clock, DATE_TIME_END, epochMs, readClock, utcZone, type ZoneReader } from "./clock-time.js";

const DATE_TIME = new RegExp(`^(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})${DATE_TIME_END}$`, "i");

/** How a written date becomes milliseconds: with the zone of a reader, where the cell has none. */
export type DateReader = (cell: string) => number | undefined;

/** A reader of dates that begin with the year. */
export function yearFirst(zone: ZoneReader): DateReader {
  return (cell) => {
    const parts = DATE_TIME.exec(cell);
    if (parts === null) return undefined;
    const clock: Clock | undefined = readClock(parts, 4);
    if (clock === undefined) return undefined;
    return epochMs(Number(parts[1]), Number(parts[2]), Number(parts[3]), clock, zone);
  };
}

/**
 * Milliseconds since 1970 of a written date: RFC 3339, or `YYYY-MM-DD[ HH:MM[:SS[.fff]]]`, which is taken as UTC.
 * Undefined where it is neither, or where that day or time does not exist.
 */
export const parseDateTime: DateReader = yearFirst(utcZone);
