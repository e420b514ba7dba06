/**
 * Calendar inputs: sine and cosine of the hour of the day, of the day of the week, or of both, which a network reads
 * beside the readings of a row and does not reconstruct. With them, a network tells a quiet Sunday from a Monday without
 * load, though both look alike.
 */
import { InputError } from "../errors.js";
import { LocalClock } from "./time-zone.js";

export const CALENDAR_PARTS = ["hour", "weekday"] as const;
export type CalendarPart = (typeof CALENDAR_PARTS)[number];

export interface Calendar {
  /** At least one, each once, in the order of CALENDAR_PARTS. */
  readonly parts: readonly CalendarPart[];
  /** The zone whose clocks tell hour and weekday, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** The share of its day or week that has passed, [0, 1), by local time in seconds since the beginning of a Monday. */
const PHASES: Readonly<Record<CalendarPart, (localSeconds: number) => number>> = {
  // To the second, so that rows of the same hour differ.
  hour: (local) => modulo(local, 86_400) / 86_400,
  // Whole days, as in the time features of forecasting libraries: a Saturday is one from its first minute on.
  weekday: (local) => Math.floor(modulo(local, 604_800) / 86_400) / 7,
};
/** 1970-01-01 was a Thursday. */
const MONDAY = 3 * 86_400;

/** C: how many numbers of a row there are. */
export function calendarWidth({ parts }: Pick<Calendar, "parts">): number {
  return 2 * parts.length;
}

/** "the hour and the weekday", for messages. */
export function nameParts(parts: readonly CalendarPart[]): string {
  return parts.map((part) => `the ${part}`).join(" and ");
}

/** The calendar inputs of a model. */
export class CalendarInputs {
  readonly #phases: readonly ((localSeconds: number) => number)[];
  readonly #clock: LocalClock;
  /** C */
  readonly width: number;

  /** @throws InputError where there is no such time zone. */
  constructor(calendar: Calendar) {
    this.#phases = calendar.parts.map((part) => PHASES[part]);
    this.#clock = new LocalClock(calendar.timeZone);
    this.width = calendarWidth(calendar);
  }

  /**
   * The inputs of rows: for each part its sine, then its cosine. They depend on whole seconds, so that a row has the same
   * ones whatever came before it.
   *
   * @param timestampsMs [rows], since 1970.
   * @returns [rows, C]
   */
  of(timestampsMs: Float64Array): Float32Array {
    const inputs = new Float32Array(timestampsMs.length * this.width);
    let at = 0;
    for (const ms of timestampsMs) {
      const local = this.#clock.localSeconds(Math.floor(ms / 1000)) + MONDAY;
      for (const phase of this.#phases) {
        const angle = 2 * Math.PI * phase(local);
        inputs[at++] = Math.sin(angle);
        inputs[at++] = Math.cos(angle);
      }
    }
    return inputs;
  }
}

/** Thrown where rows without times meet a model that reads the calendar. */
export function missingTimes({ parts }: Pick<Calendar, "parts">, what: string): InputError {
  return new InputError(
    `${what} no column of times that is known, and the model reads ${nameParts(parts)} of each row; name the column with --time-column.`,
  );
}

function modulo(value: number, divisor: number): number {
  return value - divisor * Math.floor(value / divisor);
}
