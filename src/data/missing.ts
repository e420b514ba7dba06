/** Which cells and readings say that there is no reading. */

/** Words that stand for a missing reading, in any case. */
export const MISSING_WORDS = [
  "nan",
  "-nan",
  "null",
  "nil",
  "na",
  "n/a",
  "#n/a",
  "#na",
  "#value!",
  "#ref!",
  "#num!",
  "#div/0!",
  "<na>",
  "none",
  "missing",
  "no data",
  "nodata",
  "-",
  "--",
  "?",
] as const;

const WORDS: ReadonlySet<string> = new Set(["", ...MISSING_WORDS]);
const LONGEST_WORD = Math.max(...MISSING_WORDS.map((word) => word.length));

/** Numbers that loggers, databases and file formats usually write in place of a missing reading. */
export const SENTINELS = [
  -9999, -999, -99, -99999, -999999, -999.25, -999.9, -9999.9, -99.9, -99.99, -999.99, -9999.99, 999, 9999,
  99999, 999999, 999.9, 9999.9, 999.99, 9999.99, 32767, -32768, 65535, 65534, 2147483647, -2147483648,
  4294967295, 1e20, -1e20, 1e30, -1e30, 9.96921e36, 1e37, -1e37, 9.9e37, -9.9e37, 9.91e37, 9.99e37,
] as const;

/** Whether a cell is empty or one of the words for a missing reading. */
export function isMissingWord(cell: string): boolean {
  return cell === "" || (cell.length <= LONGEST_WORD && WORDS.has(cell.toLowerCase()));
}

/** The cells that count as missing: the usual words, and those that the reader of a file was given. */
export class MissingCells {
  readonly #words = new Set<string>();
  readonly #numbers = new Set<number>();

  /** @param given further cells, as they are written in the file; a number stands for all ways to write it. */
  constructor(given: readonly string[] = []) {
    for (const one of given) {
      const number = Number(one);
      if (one.trim() !== "" && Number.isFinite(number)) this.#numbers.add(number);
      else this.#words.add(one.toLowerCase());
    }
  }

  hasWord(cell: string): boolean {
    return isMissingWord(cell) || (this.#words.size > 0 && this.#words.has(cell.toLowerCase()));
  }

  /** Undefined where no number was given, so that readings need not be compared. */
  get numbers(): ReadonlySet<number> | undefined {
    return this.#numbers.size === 0 ? undefined : this.#numbers;
  }
}
