/** Files that write the parts of a date in columns of their own: year, month, day, hour ... become one column. */
import type { Header } from "./header.js";

const PARTS = [
  /^(year|yr|yyyy|jahr)$/i,
  /^(month|mo|mon|mm|monat)$/i,
  /^(day|dy|dd|tag|day_?of_?month)$/i,
  /^(hour|hr|hh|hours|stunde)$/i,
  /^(minute|min|minutes|mi)$/i,
  /^(second|sec|seconds|ss)$/i,
];
/** Year, month and day. */
const LEAST = 3;
const RANGES = [
  [1900, 2199],
  [1, 12],
  [1, 31],
  [0, 23],
  [0, 59],
  [0, 60],
] as const;

/** The columns that are one, and the cells of a row with that one in place of the first of them. */
export interface JoinedParts {
  readonly header: Header;
  readonly join: (cells: readonly string[]) => readonly string[];
}

/**
 * Joins the parts of dates: undefined where the header does not name year, month and day, or the rows have other numbers
 * there.
 *
 * @param rows the first rows.
 * @param named names that options use: a column that is named there is left as it is.
 */
export function joinDateParts(
  file: string,
  header: Header,
  rows: readonly (readonly string[])[],
  named: ReadonlySet<string>,
): JoinedParts | undefined {
  const all = PARTS.map((part) => header.names.findIndex((name) => part.test(name.trim())));
  const end = all.findIndex((column) => column < 0);
  const parts = end < 0 ? all : all.slice(0, end);
  if (parts.length < LEAST || parts.some((column) => named.has(header.names[column]!))) return undefined;
  const isPart = (cell: string | undefined, part: number) =>
    /^\d{1,4}(\.0+)?$/.test(cell ?? "") &&
    Number(cell) >= RANGES[part]![0] &&
    Number(cell) <= RANGES[part]![1];
  const fitting = rows.filter((row) => parts.every((column, part) => isPart(row[column], part)));
  if (fitting.length < rows.length / 2) return undefined;
  const [first] = parts;
  const gone = new Set(parts.slice(1));
  const pick = <Value>(values: readonly Value[], joined: Value): Value[] =>
    values.flatMap((value, column) => (gone.has(column) ? [] : [column === first ? joined : value]));
  const names = parts.map((column) => header.names[column]!);
  return {
    header: {
      ...header,
      names: pick(header.names, names.join(" ")),
      units: header.units.length === 0 ? [] : pick(header.units, undefined),
      notes: [
        ...header.notes,
        `${file}: the time is put together from the columns ${names.map((name) => `"${name}"`).join(", ")}.`,
      ],
    },
    join: (cells) => {
      // A row of another width is refused where it is taken.
      if (cells.length < header.names.length) return cells;
      return pick(cells, joinCells(parts.map((column) => cells[column]!)));
    },
  };
}

/** `2024-03-01 06:30:00`; what is no number stays as it is, so that it is refused with its row. */
function joinCells([year = "", month = "", day = "", ...clock]: readonly string[]): string {
  const two = (cell: string) => cell.replace(/\.0+$/, "").padStart(2, "0");
  const [hour = "0", minute = "0", second = "0"] = clock;
  return `${year.replace(/\.0+$/, "")}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}
