/** The calendar inputs that a training is asked for. */
import type { Dataset } from "../data/dataset.js";
import { nameList } from "../data/option-values.js";
import { InputError } from "../errors.js";
import {
  CALENDAR_PARTS,
  type Calendar,
  CalendarInputs,
  type CalendarPart,
  missingTimes,
  nameParts,
} from "../scoring/calendar.js";
import type { TrainOptions } from "./train-settings.js";

/** Parses `hour`, `weekday` or `hour,weekday`. */
export function calendarParts(text: string): CalendarPart[] {
  const names = nameList(text);
  const wrong = names.find((name) => !CALENDAR_PARTS.some((part) => part === name));
  if (wrong !== undefined) {
    throw new InputError(`${JSON.stringify(wrong)} is none of ${CALENDAR_PARTS.join(", ")}.`);
  }
  return CALENDAR_PARTS.filter((part) => names.includes(part));
}

/**
 * The calendar of a model.
 *
 * @param timeZone undefined for UTC.
 * @throws InputError where there is no such time zone.
 */
export function calendarOf(
  parts: readonly CalendarPart[] | undefined,
  timeZone: string | undefined,
): Calendar | undefined {
  if (parts === undefined) return undefined;
  const calendar = { parts, timeZone: timeZone ?? "UTC" };
  void new CalendarInputs(calendar);
  return calendar;
}

/** @throws InputError where calendar inputs are asked for, and a series has no times. */
export function checkCalendar(dataset: Dataset, { calendar }: Pick<TrainOptions, "calendar">): void {
  const untimed = calendar && untimedSeries(dataset);
  if (untimed === undefined) return;
  throw new InputError(
    `--calendar needs the time of each row, and ${untimed.file} has no column of times that is known; name it with --time-column, or leave --calendar out.`,
  );
}

/** @throws InputError where rows have no times for a model that reads them. */
export function checkTimes(dataset: Dataset, calendar: Calendar): void {
  const untimed = untimedSeries(dataset);
  if (untimed !== undefined) throw missingTimes(calendar, `${untimed.file} has`);
}

function untimedSeries({ series }: Dataset): Dataset["series"][number] | undefined {
  return series.find(({ timestampsMs }) => timestampsMs === undefined);
}

/** For a training beside a linear path. docs/detection-quality.md has the figures. */
export const CALENDAR_ADVICE =
  "The linear path does not read the calendar, and reconstructs a usual day in an unusual place as well: on public data, calendar inputs found most with --linear-path off and --timesteps of a day.";

/** A line for who trains. */
export function describeCalendar({ parts, timeZone }: Calendar): string {
  return `calendar inputs: ${nameParts(parts)}, in ${timeZone}; whoever sends rows has to send their times`;
}
