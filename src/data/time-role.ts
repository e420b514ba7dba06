/** Finds the column, or the two columns, that hold the time of each row. */
import { InputError } from "../errors.js";
import { type CellFault, quoteCell } from "./cell.js";
import { utcZone } from "./clock-time.js";
import { countedFormats } from "./counted-times.js";
import { givenFormat } from "./given-time-format.js";
import { isMissingWord } from "./missing.js";
import { elapsedUnitMs, isTimeName, shellWord, timeNameRank, zoneOfName } from "./names.js";
import {
  ELAPSED_CLOCK,
  EPOCH_UNITS,
  elapsedClock,
  elapsedFormat,
  epochFormat,
  epochUnit,
  NUMBER,
  readTimeOfDay,
  type TimeFormat,
  writtenFormats,
  zoneMaker,
} from "./time-format.js";

/** A column of the first rows of a file. */
export interface SampleColumn {
  readonly index: number;
  readonly name: string;
  readonly cells: readonly string[];
  /** Whether the form of the file says that it holds numbers, written as programs write them. */
  readonly isNumeric?: boolean;
}

/** Where the time of a row stands, and the ways in which it can be read. */
export interface TimeRole {
  /** The column of times; or that of dates, and that of times of day. */
  readonly columns: readonly [number] | readonly [number, number];
  readonly formats: readonly TimeFormat[];
  /** How many digits a time of day without colons has. */
  readonly clockDigits?: number | undefined;
}

/** What is known about times beside the cells. */
export interface TimeHints {
  readonly timeFormat?: string | undefined;
  readonly timeZone?: string | undefined;
}

/** The share of cells that a format has to read: a single bad cell is then an error, not a column without time. */
const MOST = 0.5;
const NEARLY_ALL = 0.9;
const present = (cells: readonly string[]): string[] => cells.filter((cell) => !isMissingWord(cell));
const LOOKS_LIKE_TIME = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}[ T,]+\d{1,2}:\d{2}/;
/** A day and a month, by its number or its name, and a time of day. */
const YEARLESS =
  /^(\d{1,2}[./-]\d{1,2}\.?|\p{L}{3,9}\.? \d{1,2}|\d{1,2}\.? \p{L}{3,9}\.?),?[ T]+\d{1,2}:\d{2}/u;
/** Text under the name of a time that has several numbers in it. */
const HAS_TIME_DIGITS = /\d{1,4}[^\d.,]+\d{1,4}|\d{6}/;
/** The years 2000 to 2039, in milliseconds since 1970: what a number has to lie in to be a time by itself. */
const LIKELY_YEARS_MS = { from: Date.UTC(2000, 0), to: Date.UTC(2040, 0) };

/** The formats that read a named column. @throws InputError, naming file and column, where none does. */
export function namedTimeFormats(
  file: string,
  column: SampleColumn,
  hints: TimeHints,
): readonly TimeFormat[] {
  const cells = present(column.cells);
  const formats = formatsOf(column, cells, hints);
  if (formats.length > 0) return formats;
  const cell = cells[0] ?? "";
  const zone = /[0-9 ]([A-Z]{2,5})$/.exec(cell)?.[1];
  const isTimeOfDay = readTimeOfDay(cell) !== undefined && cell.includes(":");
  const option = isTimeOfDay
    ? "it is a time of day: --date-column names the column of its date"
    : YEARLESS.test(cell)
      ? `it has no year, so that no day is known: write the year too, or --exclude ${shellWord(column.name)} reads the rows in the order of the file, without times`
      : zone === undefined
        ? "--time-format says how times are written, such as DD/MM/YYYY HH:mm"
        : `the zone ${zone} is not known or has several meanings: --time-format 'YYYY-MM-DD HH:mm:ss ${zone}' with --time-zone, such as Asia/Kolkata, reads it`;
  const found = `${file}, column "${column.name}": ${quoteCell(cell)} is not a time that is known`;
  const written = "write times as RFC 3339, such as 2026-05-04T10:00:00Z, or as the training data had them";
  throw new InputError(`${found}; ${option}.`, { forRequest: `${found}; ${written}.` });
}

/** Says why a cell is not a time, in a column whose other cells are of a format. */
export function describeNonTime(cell: string, format: TimeFormat): CellFault {
  const unit = cell === "" ? undefined : epochUnit(Number(cell));
  if (format.kind === "epoch" && unit !== undefined) {
    const { words } = EPOCH_UNITS[unit];
    return {
      what: `${quoteCell(cell)} would be in ${words}, but the rows before are ${format.name}; a column has one unit`,
    };
  }
  return {
    what: `${quoteCell(cell)} is not a time (${format.name}, as in the other rows`,
    option: "; --time-format gives another format)",
    request: ")",
  };
}

/** The role of date and time of day in two columns that are named. */
export function joinedRole(file: string, date: SampleColumn, time: SampleColumn, hints: TimeHints): TimeRole {
  return joinColumns(date, time, namedTimeFormats(file, date, hints));
}

function joinColumns(date: SampleColumn, time: SampleColumn, formats: readonly TimeFormat[]): TimeRole {
  return { columns: [date.index, time.index], formats, clockDigits: clockDigits(time) };
}

/**
 * The time of a file where none is named: a column of written times, of numbers since 1970, or of elapsed times under
 * the name of a time; or a column of dates beside one of times of day. Undefined where there is none.
 *
 * @throws InputError where a column looks like times that cannot be read.
 */
export function findTimeRole(
  file: string,
  columns: readonly SampleColumn[],
  hints: TimeHints,
): TimeRole | undefined {
  const found = columns
    .map((column) => describe(column, hints))
    .filter((one) => one !== undefined)
    .sort((a, b) => a.rank - b.rank);
  const best = found[0];
  if (best === undefined) {
    const odd = columns.find(({ name, cells }) =>
      isMost(
        present(cells),
        (cell) => LOOKS_LIKE_TIME.test(cell) || (isTimeName(name) && HAS_TIME_DIGITS.test(cell)),
      ),
    );
    if (odd !== undefined) namedTimeFormats(file, odd, hints);
    return undefined;
  }
  const clock = best.isDate ? columns.find((column) => column !== best.column && isClock(column)) : undefined;
  return clock === undefined
    ? { columns: [best.column.index], formats: best.formats }
    : joinColumns(best.column, clock, best.formats);
}

interface Found {
  readonly column: SampleColumn;
  readonly formats: readonly TimeFormat[];
  readonly isDate: boolean;
  /** The lower the likelier. */
  readonly rank: number;
}

function describe(column: SampleColumn, hints: TimeHints): Found | undefined {
  const cells = present(column.cells);
  const formats = formatsOf(column, cells, hints);
  const kind = formats[0]?.kind;
  if (kind === undefined) return undefined;
  const name = timeNameRank(column.name);
  const isNumeric = isMost(cells, (cell) => NUMBER.test(cell));
  // Numbers alone make a time only where their name says so, or they look like one and go in one direction.
  const isLikely =
    !isNumeric || name !== undefined || (kind !== "elapsed" && looksLikeTimes(formats[0]!, cells));
  if (!isLikely) return undefined;
  const isElapsedClock = formats[0]?.name === ELAPSED_CLOCK;
  if (kind === "elapsed" && !isElapsedClock && !isTimeName(column.name) && !goesOneWay(formats[0]!, cells)) {
    return undefined;
  }
  const kindRank = { written: isNumeric ? 200 : 0, epoch: 100, elapsed: 1000 }[kind];
  const isDate = kind === "written" && cells.every((cell) => !cell.includes(":") && cell.length <= 12);
  return { column, formats, isDate, rank: kindRank + (name ?? 50) };
}

function formatsOf(column: SampleColumn, cells: readonly string[], hints: TimeHints): readonly TimeFormat[] {
  if (cells.length === 0) return [];
  const ahead = hints.timeZone === undefined ? zoneOfName(column.name)?.minutes : undefined;
  const zone = ahead === undefined ? zoneMaker(hints.timeZone) : () => () => ahead;
  const reads = (format: TimeFormat) => isMost(cells, (cell) => format.read(cell) !== undefined);
  if (hints.timeFormat !== undefined) {
    const given = givenFormat(hints.timeFormat, zone());
    return reads(given) ? [given] : [];
  }
  // Formats are tried in UTC: a reader of a zone has to see the cells in order, from the first.
  const tried = writtenFormats(() => utcZone).map(reads);
  const written = writtenFormats(zone).filter((_, index) => tried[index]);
  if (written.length > 0) return written;
  if (timeNameRank(column.name) !== undefined && reads(elapsedClock())) return [elapsedClock()];
  const counted =
    timeNameRank(column.name) === undefined ? undefined : countedFormats(column.name).find(reads);
  if (counted !== undefined) return [counted];
  if (!isMost(cells, (cell) => NUMBER.test(cell))) return [];
  const first = Number(cells[0]);
  const unit = epochUnit(first);
  if (unit !== undefined && isMost(cells, (cell) => isEpoch(Number(cell)))) return [epochFormat(unit)];
  return [elapsedFormat(elapsedUnitMs(column.name))];
}

/** Whether a number counts from 1970 to a year of 2000 to 2039, in the unit that its size tells. */
export function isEpoch(value: number): boolean {
  const unit = epochUnit(value);
  if (unit === undefined) return false;
  const ms = value / EPOCH_UNITS[unit].perMs;
  return ms >= LIKELY_YEARS_MS.from && ms <= LIKELY_YEARS_MS.to;
}

/** The digits of times of day without colons, of which leading zeros may be dropped. */
function clockDigits({ cells }: SampleColumn): number | undefined {
  if (!isMost(present(cells), (cell) => /^\d+$/.test(cell))) return undefined;
  return cells.some((cell) => cell.length > 4) ? 6 : 4;
}

function isClock(column: SampleColumn): boolean {
  const cells = present(column.cells);
  const isNamed = timeNameRank(column.name) !== undefined || /^(uhrzeit|hora|hour|hhmm)/i.test(column.name);
  return (
    cells.length > 0 &&
    isMost(cells, (cell) => readTimeOfDay(cell) !== undefined && (cell.includes(":") || isNamed))
  );
}

function isMost(cells: readonly string[], test: (cell: string) => boolean): boolean {
  return cells.length > 0 && cells.filter(test).length >= cells.length * MOST;
}

/** Whether numbers are times though their name does not say so: nearly all are of likely years, and they go one way. */
function looksLikeTimes(format: TimeFormat, cells: readonly string[]): boolean {
  const isOfLikelyYears =
    format.kind === "written" ||
    cells.filter((cell) => isEpoch(Number(cell))).length >= cells.length * NEARLY_ALL;
  return isOfLikelyYears && goesOneWay(format, cells);
}

function goesOneWay(format: TimeFormat, cells: readonly string[]): boolean {
  if (cells.length < 3) return cells.length > 0;
  let up = 0;
  let down = 0;
  let last = format.read(cells[0]!);
  for (const cell of cells.slice(1)) {
    const ms = format.read(cell);
    if (ms === undefined || last === undefined) continue;
    if (ms > last) up++;
    if (ms < last) down++;
    last = ms;
  }
  return up + down >= cells.length / 10 && Math.min(up, down) <= (up + down) / 10;
}
