/** Reads one cell of a data file as a reading or a label. Cells have no blanks around them. */

const MISSING = new Set(["", "nan", "null", "na", "n/a", "none", "-nan", "#n/a"]);

/** Whether a cell says that there is no reading: empty, `NaN`, `null`, `NA`, `N/A` or `None`, in any case. */
function isMissing(cell: string): boolean {
  return cell.length <= 4 && MISSING.has(cell.toLowerCase());
}

/** The number a cell holds, NaN for a missing reading, or undefined where it is neither. */
export function parseReading(cell: string): number | undefined {
  const value = Number(cell);
  if (Number.isFinite(value) && cell !== "") {
    // Number() also takes 0x1F, 0o17 and 0b11, which are not numbers in a data file.
    return /^[+-]?0[xob]/i.test(cell) ? undefined : value;
  }
  return isMissing(cell) ? Number.NaN : undefined;
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

/** Says why a cell is not a number: the end of a sentence that names the place. */
export function describeNonNumber(cell: string): string {
  const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}...` : cell);
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)e[+]?\d+$/i.test(cell)) return `${shown} is larger than a number can be`;
  if (/^[+-]?inf(inity)?$/i.test(cell)) return `${shown} is not a finite number`;
  if (/^[+-]?\d+,\d+$/.test(cell)) return `${shown} is not a number (decimals are written with a point)`;
  return `${shown} is not a number`;
}
