/** How far the clocks of a time zone are ahead of UTC. */
import { InputError } from "../errors.js";

/** Reads local times of a zone such as `Europe/Berlin`. @throws InputError where there is no such zone. */
export function zoneFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw new InputError(`There is no time zone ${JSON.stringify(name)}; Europe/Berlin and UTC are two.`);
  }
}

/** Minutes that a zone is ahead of UTC at a moment. */
export function minutesAhead(format: Intl.DateTimeFormat, utcMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(utcMs)) part[type] = Number(value);
  const local = Date.UTC(
    part["year"]!,
    part["month"]! - 1,
    part["day"]!,
    part["hour"]!,
    part["minute"]!,
    part["second"]!,
  );
  return Math.round((local - utcMs) / 60_000);
}

const DAY = 86_400;
const QUARTER = 900;
/** In seconds: the beginnings of 1900 and of 2200. */
const FIRST_KNOWN = -2_208_988_800;
const LAST_KNOWN = 7_258_118_400;

/** The clock of one zone, for many moments: what was found for one is kept for those near it. */
export class LocalClock {
  /** Undefined for UTC. */
  readonly #format: Intl.DateTimeFormat | undefined;
  /** Seconds ahead of UTC, by the second that a day of UTC, or a quarter of an hour of one with a change, begins with. */
  readonly #ahead = new Map<number, number>();
  /** The day that was asked for last, if its clocks do not change: rows of a series are close together. */
  #day = { from: 0, to: 0, ahead: 0 };

  /** @throws InputError where there is no such zone. */
  constructor(timeZone: string) {
    const format = zoneFormat(timeZone);
    this.#format = timeZone === "UTC" ? undefined : format;
  }

  /**
   * Local time in seconds, as if it were UTC.
   *
   * @param seconds whole, since 1970. Outside of 1900 to 2200 the zone is as far ahead as in the nearest of these years.
   */
  localSeconds(seconds: number): number {
    if (this.#format === undefined) return seconds;
    if (seconds >= this.#day.from && seconds < this.#day.to) return seconds + this.#day.ahead;
    const known = Math.min(Math.max(seconds, FIRST_KNOWN), LAST_KNOWN);
    const day = Math.floor(known / DAY) * DAY;
    const ahead = this.#aheadAt(day, this.#format);
    // Clocks change at most once in a day, at a full quarter of an hour.
    if (ahead === this.#aheadAt(day + DAY, this.#format)) {
      this.#day = { from: day, to: day + DAY, ahead };
      return seconds + ahead;
    }
    return seconds + this.#aheadAt(Math.floor(known / QUARTER) * QUARTER, this.#format);
  }

  #aheadAt(seconds: number, format: Intl.DateTimeFormat): number {
    let ahead = this.#ahead.get(seconds);
    if (ahead === undefined) {
      ahead = 60 * minutesAhead(format, seconds * 1000);
      this.#ahead.set(seconds, ahead);
    }
    return ahead;
  }
}
