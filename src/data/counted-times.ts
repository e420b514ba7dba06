/** Times as numbers that count from another day than 1970-01-01, as programs of one maker write them. */
import { NUMBER, type TimeFormat } from "./time-format.js";

const DAY_MS = 86_400_000;

/**
 * @param unitsPerMs how many units a millisecond has
 * @param epoch the number that stands for 1970-01-01
 * @param range numbers outside of it are none of these times; it spans years that data are from
 * @param digits of a millisecond that a double has at such numbers
 */
function counted(
  name: string,
  { unitsPerMs, epoch }: { readonly unitsPerMs: number; readonly epoch: number },
  range: readonly [from: number, to: number],
  digits = 0,
): TimeFormat {
  const scale = 10 ** digits;
  const read = (cell: string): number | undefined => {
    // Where the comma is the decimal mark, spreadsheets write days with it too.
    const text = cell.replace(",", ".");
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!(value > range[0] && value < range[1])) return undefined;
    return Math.round(((value - epoch) / unitsPerMs) * scale) / scale;
  };
  return { name, kind: "epoch", read };
}

/** Numbers of days since a day, by the name of the program that counts so. */
const DAYS: readonly TimeFormat[] = [
  // Spreadsheets.
  counted("days since 1899-12-30", { unitsPerMs: 1 / DAY_MS, epoch: 25_569 }, [20_000, 80_000]),
  // MATLAB's datenum.
  counted("days since year 0", { unitsPerMs: 1 / DAY_MS, epoch: 719_529 }, [710_000, 770_000]),
];
/** Numbers of 100 ns. */
const TICKS: readonly TimeFormat[] = [
  // FILETIME of Windows, 1981 to 2107.
  counted("100 ns since 1601-01-01", { unitsPerMs: 1e4, epoch: 116_444_736e9 }, [1.2e17, 1.6e17], 2),
  // Ticks of .NET, 1965 to 2092.
  counted("100 ns since 0001-01-01", { unitsPerMs: 1e4, epoch: 621_355_968e9 }, [6.2e17, 6.6e17], 1),
];

/** The name of a column whose numbers are taken for days: others have such numbers as readings. */
const DAYS_NAME = /^(date|datum|datetime|timestamp|time)$/i;

/**
 * The formats that the numbers of a column under the name of a time may have.
 * @param name of the column
 */
export function countedFormats(name: string): readonly TimeFormat[] {
  return DAYS_NAME.test(name) ? [...DAYS, ...TICKS] : TICKS;
}
