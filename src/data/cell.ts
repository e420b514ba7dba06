/** Reads single cells, which have no blanks around them, and says what is wrong with one. */
import { isMissingWord } from "./missing.js";
import { shellWord } from "./names.js";
import { readPlain, splitUnit } from "./number-format.js";

/** The number a cell holds, NaN for a missing reading, or undefined where it is neither. */
export function parseReading(cell: string): number | undefined {
  return readPlain(cell) ?? (isMissingWord(cell) ? Number.NaN : undefined);
}

const LABELS = new Map([
  ["true", true],
  ["yes", true],
  ["anomaly", true],
  ["anomalous", true],
  ["false", false],
  ["no", false],
  ["normal", false],
]);

/** Whether a label cell says anomalous: any number but 0, or a word. A missing label counts as normal. */
export function parseLabel(cell: string): boolean | undefined {
  const value = parseReading(cell);
  if (value !== undefined) return value !== 0 && !Number.isNaN(value);
  return LABELS.get(cell.toLowerCase());
}

/** Text as a cell of CSV: in double quotes where it has to be (RFC 4180). */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell for a sentence: in quotes, and cut where it is long. */
export function quoteCell(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}...` : cell);
}

const MISSING_IN_REQUEST = "; a missing reading is an empty cell in CSV, null in JSON lines";

/** What is wrong with a cell: the end of a sentence that names the place. */
export interface CellFault {
  readonly what: string;
  /** What helps at the command line, behind `what`. */
  readonly option?: string;
  /** What helps the sender of a request, behind `what`. */
  readonly request?: string;
}

/** Says why a cell is not a number, and what helps. */
export function describeNonNumber(cell: string): CellFault {
  const shown = quoteCell(cell);
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)e[+]?\d+$/i.test(cell)) {
    return { what: `${shown} is larger than a number can be` };
  }
  if (/^[+-]?inf(inity)?$/i.test(cell)) {
    return {
      what: `${shown} is not a finite number`,
      option: ` (--missing ${cell} takes it for a missing reading)`,
      request: MISSING_IN_REQUEST,
    };
  }
  if (/^[+-]?[\d.,]*\d[.,]\d+$/.test(cell)) {
    return {
      what: `${shown} is not a number as the column writes them`,
      option: " (--decimal says which mark is the decimal one)",
      request: "; all cells of a column need the same decimal mark",
    };
  }
  const { unit } = splitUnit(cell);
  if (unit !== "" && /\d/.test(cell)) {
    return { what: `${shown} has another unit than the column ("${unit}")` };
  }
  return {
    what: `${shown} is not a number`,
    option: ` (--missing ${shellWord(cell)} takes it for a missing reading, --exclude leaves the column out)`,
    request: MISSING_IN_REQUEST,
  };
}
