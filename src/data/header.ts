/** The rows above the data: names of columns, and their units. */
import { InputError } from "../errors.js";
import { looksLikeData } from "./dialect.js";

/** A column that is not used, and why: the end of a sentence. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** What stands above the data. */
export interface Header {
  /** `c0`, `c1`, ... where there is no header. */
  readonly names: readonly string[];
  /** False where the file has no header. */
  readonly isNamed: boolean;
  /** [columns]; undefined where a column has none. */
  readonly units: readonly (string | undefined)[];
  /** How many records come before the data. */
  readonly records: number;
  readonly notes: readonly string[];
  /** Columns that the form of the file keeps from being read, and why. */
  readonly unread?: readonly LeftOut[] | undefined;
}

/** How a header is found. */
export interface HeaderOptions {
  readonly header?: boolean | undefined;
  readonly unitsRow?: boolean | undefined;
}

/** A text that a sensor may give in place of a reading, so that it is no unit. */
const NO_UNIT = /^(bad|error|err|fail(ed|ure)?|fault|invalid|offline|timeout|over|under|off|on|ok)$/i;

/**
 * Finds the header in the first records of a file.
 *
 * @throws InputError where two columns have one name.
 */
export function findHeader(
  file: string,
  records: readonly (readonly string[])[],
  options: HeaderOptions,
): Header {
  const first = records[0] ?? [];
  if (!(options.header ?? !looksLikeData(first))) {
    return { names: first.map((_, index) => `c${index}`), isNamed: false, units: [], records: 0, notes: [] };
  }
  const second = records[1];
  const isText = (row: readonly string[] | undefined): row is readonly string[] =>
    row !== undefined && row.length === first.length && row.some((cell) => cell !== "") && row.every(isWord);
  const third = records[2];
  const isAboveData = isText(second) && third !== undefined && !isText(third);
  const isUnits =
    options.unitsRow ?? (isAboveData && first.length > 1 && !second.some((cell) => NO_UNIT.test(cell)));
  if (options.unitsRow !== true && isAboveData && !isDistinct(first)) return joinRows(file, first, second);
  const toUnit = (cell: string) => (cell === "" ? undefined : cell.replace(/^[[(]|[\])]$/g, ""));
  // Loggers (TOA5) write what each column is of, such as Avg, in a line under the units.
  const fourth = records[3];
  const isThree =
    isText(second) &&
    isText(third) &&
    fourth?.length === first.length &&
    !fourth.every(isWord) &&
    isDistinct(first);
  if (isThree && options.unitsRow !== false) {
    const show = third.filter((cell) => cell !== "").map((cell) => JSON.stringify(cell));
    const note = `${file} has three header rows: the first is taken as names, the second as units, and the third (${show.join(", ")}) is passed over; --no-units-row takes what is under the names as data.`;
    return {
      names: distinct(file, first),
      isNamed: true,
      units: second.map(toUnit),
      records: 3,
      notes: [note],
    };
  }
  if (isUnits && second !== undefined) {
    return { names: distinct(file, first), isNamed: true, units: second.map(toUnit), records: 2, notes: [] };
  }
  return { names: distinct(file, first), isNamed: true, units: [], records: 1, notes: [] };
}

/** Whether a cell is neither a number nor a time. */
function isWord(cell: string): boolean {
  return cell === "" || !looksLikeData([cell]);
}

function isDistinct(names: readonly string[]): boolean {
  return names.every((name, index) => name !== "" && names.indexOf(name) === index);
}

/** Names from two rows: those of the lower one where they are different, else both. */
function joinRows(file: string, upper: readonly string[], lower: readonly string[]): Header {
  const names = isDistinct(lower)
    ? lower
    : lower.map((name, index) => [upper[index], name].filter((part) => part !== "").join(" "));
  const show = (row: readonly string[]) => row.map((cell) => JSON.stringify(cell)).join(", ");
  return {
    names: distinct(file, names),
    isNamed: true,
    units: [],
    records: 2,
    notes: [
      `${file} has two header rows (${show(upper)}; ${show(lower)}): the names are taken from ${names === lower ? "the second" : "both"}; --units-row takes the second as units.`,
    ],
  };
}

function distinct(file: string, names: readonly string[]): string[] {
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new InputError(`${file} has two columns named "${twice}": give one of them another name.`);
  return [...names];
}
