/** Reads times as data files write them. All are milliseconds since 1970 in UTC. */

const DATE_TIME =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Milliseconds since 1970 of a written date: RFC 3339, or `YYYY-MM-DD[ HH:MM[:SS[.fff]]]`, which is taken as UTC.
 * Undefined where it is neither, or where that day or time does not exist.
 */
export function parseDateTime(cell: string): number | undefined {
  const parts = DATE_TIME.exec(cell);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  if (hour! > 23 || minute! > 59 || second! > 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year!, month! - 1, day!);
  if (midnight.getUTCMonth() !== month! - 1 || midnight.getUTCDate() !== day!) return undefined;
  const fraction = parts[7] === undefined ? 0 : Number(`0.${parts[7]}`) * 1000;
  return (
    midnight.getTime() +
    hour! * 3_600_000 +
    minute! * 60_000 +
    second! * 1000 +
    fraction -
    offsetMinutes(parts[8]) * 60_000
  );
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || /^(z|utc)$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** How the times of a column are written: as dates, or as numbers since 1970, all in one unit. */
export type TimeFormat = "dateTime" | { readonly msPerUnit: number };

/**
 * The format of a time column, from its first cell. A number is taken as seconds below 1e11 (the year 5138), as
 * milliseconds below 1e14, then as micro- and nanoseconds. Undefined where the cell is not a time.
 */
export function detectTimeFormat(cell: string): TimeFormat | undefined {
  if (parseDateTime(cell) !== undefined) return "dateTime";
  if (!/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell)) return undefined;
  const size = Math.abs(Number(cell));
  if (size < 1e11) return { msPerUnit: 1000 };
  if (size < 1e14) return { msPerUnit: 1 };
  if (size < 1e17) return { msPerUnit: 1e-3 };
  return size < 1e20 ? { msPerUnit: 1e-6 } : undefined;
}

/** Milliseconds since 1970 of one cell of a time column; undefined where it is not written in the format. */
export function parseTimestamp(cell: string, format: TimeFormat): number | undefined {
  if (format === "dateTime") return parseDateTime(cell);
  const value = Number(cell);
  return cell === "" || !Number.isFinite(value) ? undefined : value * format.msPerUnit;
}

/** Names of time columns, in the order in which they are looked for. */
const TIME_NAMES = [
  "timestamp",
  "datetime",
  "time",
  "date",
  "ts",
  "epoch",
  "epochms",
  "unixtime",
  "utc",
  "timestamputc",
  "ds",
];

/**
 * The time column of a file, where none was named: the first of the usual names (`timestamp`, `datetime`, `time`,
 * `date`, `ts`, `epoch`, ...; case and punctuation do not matter) whose first cell is a time, else the first
 * column whose first cell is a written date. Numbers alone never make a time column.
 */
export function detectTimeColumn(names: readonly string[], firstRow: readonly string[]): number | undefined {
  const plain = names.map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, ""));
  for (const name of TIME_NAMES) {
    const index = plain.indexOf(name);
    if (index >= 0 && detectTimeFormat(firstRow[index] ?? "") !== undefined) return index;
  }
  const written = firstRow.findIndex((cell) => parseDateTime(cell) !== undefined);
  return written < 0 ? undefined : written;
}
