/** The ways in which files write times, and the ways in which one column can be read. */
import {
  type Clock,
  DATE_TIME_END,
  epochMs,
  hourOf,
  isTimeOfDay,
  readClock,
  utcZone,
  type ZoneReader,
  zoneReader,
} from "./clock-time.js";
import { MONTH_NAME, monthOf } from "./month-names.js";
import { type DateReader, yearFirst } from "./timestamp.js";

/** One way to read the cells of a time column. */
export interface TimeFormat {
  /** As --time-format takes it; a name in words where it does not. */
  readonly name: string;
  readonly kind: "written" | "epoch" | "elapsed";
  readonly read: DateReader;
  /** Of written times: how many cells that were read name no zone, and how many name one. */
  readonly zones?: () => { readonly without: number; readonly written: number };
}

const SHORT_DATE = new RegExp(`^(\\d{1,2})[/.-](\\d{1,2})[/.-](\\d{4}|\\d{2})${DATE_TIME_END}$`, "i");
const COMPACT =
  /^(\d{4})(\d{2})(\d{2})(?:[T _-]?(\d{2})(\d{2})(\d{2})?(?:[.,](\d{1,9}))?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const DAY_MONTH_NAME = new RegExp(
  `^(\\d{1,2})\\.?[ -](${MONTH_NAME})\\.?,?[ -](\\d{4}|\\d{2})${DATE_TIME_END}$`,
  "iu",
);
const MONTH_NAME_DAY = new RegExp(`^(${MONTH_NAME})\\.? (\\d{1,2}),? (\\d{4})${DATE_TIME_END}$`, "iu");

const WEEKDAY = /^(mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,?\s+(?=\S*\d)/i;

/** A year of four digits; of two, one of 1970 to 2069. */
export function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year < 70 ? 2000 : 1900);
}

function shortDate(order: "dmy" | "mdy" | "ymd", zone: ZoneReader): DateReader {
  return (cell) => {
    const parts = SHORT_DATE.exec(cell);
    if (parts === null) return undefined;
    const clock = readClock(parts, 4);
    if (clock === undefined) return undefined;
    const [first, second, third] = [parts[1]!, parts[2]!, parts[3]!];
    if (order === "dmy") return epochMs(fullYear(third), Number(second), Number(first), clock, zone);
    if (order === "mdy") return epochMs(fullYear(third), Number(first), Number(second), clock, zone);
    if (first.length !== 2 || third.length !== 2) return undefined;
    return epochMs(fullYear(first), Number(second), Number(third), clock, zone);
  };
}

function compact(zone: ZoneReader): DateReader {
  return (cell) => {
    const parts = COMPACT.exec(cell);
    if (parts === null) return undefined;
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
    if (year! < 1900 || year! > 2199 || !isTimeOfDay(hour!, minute!, second!)) return undefined;
    const clock: Clock = {
      hour: hour!,
      minute: minute!,
      second: second!,
      fraction: parts[7] === undefined ? 0 : Number(`0.${parts[7]}`),
      zone: parts[8],
    };
    return epochMs(year!, month!, day!, clock, zone);
  };
}

function namedMonth(pattern: RegExp, dayFirst: boolean, zone: ZoneReader): DateReader {
  return (cell) => {
    const parts = pattern.exec(cell);
    if (parts === null) return undefined;
    const month = monthOf(parts[dayFirst ? 2 : 1]!);
    const clock = readClock(parts, 4);
    if (month === undefined || clock === undefined) return undefined;
    return epochMs(fullYear(parts[3]!), month, Number(parts[dayFirst ? 1 : 2]), clock, zone);
  };
}

/** The formats of written times that are looked for. `zone` is called once for each, as a zone reader has a memory. */
export function writtenFormats(zone: () => ZoneReader): readonly TimeFormat[] {
  const written = (name: string, readerOf: (zone: ZoneReader) => DateReader): TimeFormat => {
    const own = zone();
    let without = 0;
    let all = 0;
    const read = readerOf((localMs) => {
      without++;
      return own(localMs);
    });
    return {
      name,
      kind: "written",
      read: (cell) => {
        const ms = read(cell.charCodeAt(0) > 57 ? cell.replace(WEEKDAY, "") : cell);
        if (ms !== undefined) all++;
        return ms;
      },
      zones: () => ({ without, written: all - without }),
    };
  };
  return [
    written("YYYY-MM-DD hh:mm:ss", yearFirst),
    written("DD/MM/YYYY hh:mm:ss", (own) => shortDate("dmy", own)),
    written("MM/DD/YYYY hh:mm:ss", (own) => shortDate("mdy", own)),
    written("YY-MM-DD hh:mm:ss", (own) => shortDate("ymd", own)),
    written("YYYYMMDDhhmmss", compact),
    written("DD MMM YYYY hh:mm:ss", (own) => namedMonth(DAY_MONTH_NAME, true, own)),
    written("MMM DD YYYY hh:mm:ss", (own) => namedMonth(MONTH_NAME_DAY, false, own)),
  ];
}

/** A function that makes zone readers: of a zone, or of UTC where none is named. */
export function zoneMaker(name: string | undefined): () => ZoneReader {
  return () => (name === undefined ? utcZone : zoneReader(name));
}

/** Units of numbers since 1970. */
export const EPOCH_UNITS = {
  s: { perMs: 1e-3, words: "seconds", below: 1e11 },
  ms: { perMs: 1, words: "milliseconds", below: 1e14 },
  us: { perMs: 1e3, words: "microseconds", below: 1e17 },
  ns: { perMs: 1e6, words: "nanoseconds", below: 1e20 },
} as const;
export type EpochUnit = keyof typeof EPOCH_UNITS;

/** The unit of a number since 1970 by its size; undefined where it is no such number. */
export function epochUnit(value: number): EpochUnit | undefined {
  const size = Math.abs(value);
  return (Object.keys(EPOCH_UNITS) as EpochUnit[]).find((unit) => size < EPOCH_UNITS[unit].below);
}

/** A number as times are written in: with a digit before the point. */
export const NUMBER = /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i;

/** Numbers since 1970, all in one unit. */
export function epochFormat(unit: EpochUnit): TimeFormat {
  const { perMs, words } = EPOCH_UNITS[unit];
  const read = (cell: string): number | undefined => {
    if (!NUMBER.test(cell)) return undefined;
    const value = Number(cell);
    return value === 0 || epochUnit(value) === unit ? value / perMs : undefined;
  };
  return { name: `${words} since 1970`, kind: "epoch", read };
}

/** Numbers that count from the start of a run. @param msPerUnit milliseconds of one unit. */
export function elapsedFormat(msPerUnit: number): TimeFormat {
  const read = (cell: string): number | undefined => {
    const value = NUMBER.test(cell) ? Number(cell) : Number.NaN;
    return Number.isFinite(value) ? value * msPerUnit : undefined;
  };
  return { name: "elapsed time", kind: "elapsed", read };
}

/** The name of the format of `elapsedClock`. */
export const ELAPSED_CLOCK = "elapsed time hh:mm:ss";
const CLOCK = /^(?:(\d{1,5}) days?,? )?(\d{1,6}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?$/i;
const DAY_MS = 86_400_000;

/**
 * Times such as `26:15:00` or `1 days 02:15:00` since the start of a run, or times of day without a date: where they go
 * back by more than half a day, a day is added. A reader is for one column, from its first row on.
 */
export function elapsedClock(): TimeFormat {
  let last = Number.NEGATIVE_INFINITY;
  let added = 0;
  const read = (cell: string): number | undefined => {
    const parts = CLOCK.exec(cell);
    if (parts === null) return undefined;
    const [days, hours, minutes, seconds] = parts.slice(1, 5).map((part) => Number(part ?? 0));
    if (minutes! > 59 || seconds! > 60) return undefined;
    const fraction = Number(`0.${parts[5] ?? 0}`);
    const ms = days! * DAY_MS + hours! * 3_600_000 + minutes! * 60_000 + (seconds! + fraction) * 1000;
    if (ms + added < last - DAY_MS / 2) added += DAY_MS;
    last = ms + added;
    return last;
  };
  return { name: ELAPSED_CLOCK, kind: "elapsed", read };
}

/**
 * Milliseconds since midnight of a cell such as `00:15:00`, `00.15`, `1:15 PM` or `001500`; undefined where it is none.
 *
 * @param digitCount of how many digits times without colons are, where leading zeros were dropped: 4 or 6.
 */
export function readTimeOfDay(cell: string, digitCount = cell.length <= 4 ? 4 : 6): number | undefined {
  const parts = /^(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?\s*([AP]\.?M\.?)?$/i.exec(cell);
  const digits = parts === null && /^\d{1,6}$/.test(cell) ? cell.padStart(digitCount, "0") : undefined;
  if (parts === null && digits === undefined) return undefined;
  const hour = parts === null ? Number(digits!.slice(0, 2)) : hourOf(Number(parts[1]), parts[5]);
  const minute = Number(parts === null ? digits!.slice(2, 4) : parts[2]);
  const second = Number(parts === null ? digits!.slice(4, 6) : (parts[3] ?? 0));
  if (hour === undefined || !isTimeOfDay(hour, minute, second)) return undefined;
  const fraction = parts?.[4] === undefined ? 0 : Number(`0.${parts[4]}`);
  return hour * 3_600_000 + minute * 60_000 + (second + fraction) * 1000;
}
