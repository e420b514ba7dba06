/** Reads single cells, which have no blanks around them, and says what is wrong with one. */
import { isMissingWord } from "./missing.js";
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

/** A cell for a sentence: in quotes, and cut where it is long. */
export function quoteCell(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}...` : cell);
}

/** Says why a cell is not a number, and which option helps: the end of a sentence that names the place. */
export function describeNonNumber(cell: string): string {
  const shown = quoteCell(cell);
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)e[+]?\d+$/i.test(cell)) return `${shown} is larger than a number can be`;
  if (/^[+-]?inf(inity)?$/i.test(cell)) {
    return `${shown} is not a finite number (--missing ${cell} takes it for a missing reading)`;
  }
  if (/^[+-]?[\d.,]*\d[.,]\d+$/.test(cell)) {
    return `${shown} is not a number as the column writes them (--decimal says which mark is the decimal one)`;
  }
  const { unit } = splitUnit(cell);
  if (unit !== "" && /\d/.test(cell)) return `${shown} has another unit than the column ("${unit}")`;
  const option = /^[\w.+:/%-]+$/.test(cell) ? cell : `'${cell}'`;
  return `${shown} is not a number (--missing ${option} takes it for a missing reading, --exclude leaves the column out)`;
}
