/** The parts of written times that all formats share: the time of day, AM and PM, and the zone. */
import { minutesAhead, zoneFormat } from "../scoring/time-zone.js";

/** `[T ]HH:MM[:SS[.fff]] [AM|PM] [zone]`, all of it optional. It has six groups. */
export const DATE_TIME_END =
  "(?:,?[T ]+(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?\\s*([AP]\\.?\\s?M\\.?)?\\s*(Z|[+-]\\d{2}(?::?\\d{2})?|[A-Z]{2,5}(?:[+-]\\d{2}:?\\d{2})?)?)?";

/** A time of day. */
export interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** In seconds, below 1. */
  readonly fraction: number;
  readonly zone: string | undefined;
}

/** Midnight, without a zone. */
export const MIDNIGHT: Clock = { hour: 0, minute: 0, second: 0, fraction: 0, zone: undefined };

/** The time of day from the groups of DATE_TIME_END, which begin at `from`; undefined where there is no such time. */
export function readClock(parts: RegExpExecArray, from: number): Clock | undefined {
  if (parts[from] === undefined) return MIDNIGHT;
  const second = Number(parts[from + 2] ?? 0);
  const minute = Number(parts[from + 1]);
  const hour = hourOf(Number(parts[from]), parts[from + 4]);
  if (hour === undefined || !isTimeOfDay(hour, minute, second)) return undefined;
  const digits = parts[from + 3];
  return {
    hour,
    minute,
    second,
    fraction: digits === undefined ? 0 : Number(`0.${digits}`),
    zone: parts[from + 5],
  };
}

/** Whether there is such a time of day. Of the hour 24 there is the beginning: the midnight at the end of the day. */
export function isTimeOfDay(hour: number, minute: number, second: number): boolean {
  return (hour < 24 && minute <= 59 && second <= 60) || (hour === 24 && minute === 0 && second === 0);
}

/** The hour of 24 from one of 12 with AM or PM; undefined where there is none. */
export function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

/** The minutes by which a local time, in milliseconds as if it were UTC, is ahead of UTC where no zone is written. */
export type ZoneReader = (localMs: number) => number;

export const utcZone: ZoneReader = () => 0;

/** Milliseconds since 1970; undefined for a day that does not exist, or a zone that is not known. */
export function epochMs(
  year: number,
  month: number,
  day: number,
  clock: Clock,
  zone: ZoneReader,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  let midnight = Date.UTC(year, month - 1, day);
  // Date.UTC takes years below 100 as those of the last century.
  if (year < 100) midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  if (day > 28 && new Date(midnight).getUTCDate() !== day) return undefined;
  const local =
    midnight +
    clock.hour * 3_600_000 +
    clock.minute * 60_000 +
    clock.second * 1000 +
    (clock.fraction === 0 ? 0 : clock.fraction * 1000);
  const ahead = clock.zone === undefined ? zone(local) : offsetMinutes(clock.zone);
  return ahead === undefined ? undefined : local - ahead * 60_000;
}

/** Zones by the abbreviations that files use, in minutes ahead of UTC. Ambiguous ones, such as IST, are left out. */
const ZONES: Readonly<Record<string, number>> = {
  Z: 0,
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  CET: 60,
  MEZ: 60,
  CEST: 120,
  MESZ: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  AKST: -540,
  AKDT: -480,
  HST: -600,
  JST: 540,
  KST: 540,
  AEST: 600,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
};

/** Minutes ahead of UTC of a written zone; undefined where it is not known. */
export function offsetMinutes(zone: string): number | undefined {
  const known = ZONES[zone.toUpperCase()];
  if (known !== undefined) return known;
  const match = /^(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})?$/i.exec(zone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === "-" ? -minutes : minutes;
}

/**
 * Local times of a zone such as `Europe/Berlin`. An hour that a clock change makes twice is taken as the first one,
 * and once a time is read that is not later than the one before, as the second; so the reader is for one column, read in order.
 *
 * @throws InputError where there is no such zone.
 */
export function zoneReader(name: string): ZoneReader {
  const format = zoneFormat(name);
  const known = new Map<number, readonly [first: number, second: number]>();
  let lastMs = Number.NEGATIVE_INFINITY;
  return (localMs) => {
    const hour = Math.floor(localMs / 3_600_000);
    let offsets = known.get(hour);
    if (offsets === undefined) {
      offsets = offsetsAt(format, hour * 3_600_000);
      known.set(hour, offsets);
    }
    const [first, second] = offsets;
    const early = localMs - first * 60_000;
    const isSecond = first !== second && early <= lastMs;
    lastMs = isSecond ? localMs - second * 60_000 : early;
    return isSecond ? second : first;
  };
}

/** The offsets, in minutes, that a local time can have: two different ones where it is there twice. */
function offsetsAt(format: Intl.DateTimeFormat, localMs: number): readonly [number, number] {
  const day = 86_400_000;
  const before = minutesAhead(format, localMs - day);
  const after = minutesAhead(format, localMs + day);
  const fits = (minutes: number) => minutesAhead(format, localMs - minutes * 60_000) === minutes;
  if (before === after) return [before, before];
  if (fits(before) && fits(after)) return [before, after];
  return fits(before) ? [before, before] : [after, after];
}
