/**
 * How the numbers of a column are written: decimal mark, thousands separator, unit. All cells of a column are
 * read in one format, which is chosen from many of them, because `1.109` alone does not say whether it is 1109.
 */

/** How numbers are written. */
export interface NumberFormat {
  readonly decimal: "." | ",";
  /** `space` stands for blanks of any width and the apostrophe. */
  readonly thousands: "" | "." | "," | "space";
  /** What follows each number, such as `%`; empty where nothing does. */
  readonly unit: string;
}

/** Numbers as programs write them. */
export const PLAIN: NumberFormat = { decimal: ".", thousands: "", unit: "" };

/** Every combination of marks, the most usual first. */
const MARKS: readonly Pick<NumberFormat, "decimal" | "thousands">[] = [
  { decimal: ".", thousands: "" },
  { decimal: ",", thousands: "" },
  { decimal: ".", thousands: "," },
  { decimal: ",", thousands: "." },
  { decimal: ".", thousands: "space" },
  { decimal: ",", thousands: "space" },
];

const EXPONENT = "(?:e[+-]?\\d+)?";
const SPACE = "[ \\u00a0\\u2009\\u202f'’]";
const SHAPES = MARKS.map(({ decimal, thousands }) => {
  const mark = decimal === "." ? "\\." : ",";
  const group = thousands === "space" ? SPACE : `\\${thousands}`;
  const whole = thousands === "" ? "\\d+" : `(?:\\d+|[1-9]\\d{0,2}(?:${group}\\d{3})+)`;
  return new RegExp(`^[+-]?(?:${whole}(?:${mark}\\d*)?|${mark}\\d+)${EXPONENT}$`, "i");
});
const WITH_UNIT =
  /^([+-]?[\d.,][\d.,'’ \u00a0\u2009\u202f]*?(?:e[+-]?\d+)?)[ \u00a0]*([%‰°µμΩ℃A-Za-z][^\s,;]{0,11})$/;

/** Exponents as Fortran writes them (`1.5D+01`), and the minus sign of typography. */
const UNUSUAL = /^[−–]|\dD[+-]\d|\.D[+-]\d/i;

function plainSigns(cell: string): string {
  return UNUSUAL.test(cell)
    ? cell.replace(/^[−–](?=[\d.,])/, "-").replace(/^([+-]?[\d.,]+)D([+-]\d{1,3})$/i, "$1e$2")
    : cell;
}

/** The number and the unit of a cell; the unit is empty where the cell has none. */
export function splitUnit(written: string): { readonly core: string; readonly unit: string } {
  const cell = plainSigns(written);
  const last = cell.charCodeAt(cell.length - 1);
  if (last >= 48 && last <= 57) {
    if (SHAPES.some((shape) => shape.test(cell))) return { core: cell, unit: "" };
  }
  const currency = /^([$€£¥])\s?([+-]?[\d.,].*)$/.exec(cell);
  if (currency !== null) return { core: currency[2]!, unit: currency[1]! };
  const match = WITH_UNIT.exec(cell);
  if (match === null || /^[+-]?0[xob]/i.test(cell)) return { core: cell, unit: "" };
  return { core: match[1]!, unit: match[2]! };
}

/** The formats that read the most of some cells of one column. */
export interface PossibleFormats {
  readonly formats: readonly NumberFormat[];
  /** How many of the cells they read. */
  readonly read: number;
}

/** @param cells of one column, none of them missing. */
export function possibleFormats(cells: readonly string[]): PossibleFormats {
  const split = cells.map(splitUnit);
  const units = new Map<string, number>();
  const counts = new Int32Array(MARKS.length);
  for (const { core, unit } of split) {
    let isNumber = false;
    SHAPES.forEach((shape, index) => {
      if (!shape.test(core)) return;
      counts[index]!++;
      isNumber = true;
    });
    if (isNumber && unit !== "") units.set(unit, (units.get(unit) ?? 0) + 1);
  }
  const most = Math.max(...counts);
  if (most === 0 || units.size > 1) return { formats: [], read: 0 };
  const unit = [...units.keys()][0] ?? "";
  return {
    formats: MARKS.filter((_, index) => counts[index] === most).map((marks) => ({ ...marks, unit })),
    read: most,
  };
}

/** What is known about the decimal mark of a file beside the cells of a column. */
export interface FormatHints {
  /** Given with --decimal. */
  readonly decimal: "." | "," | undefined;
  readonly delimiter: string;
}

/** The format of each column, or `ambiguous` where its cells have two readings and nothing decides between them. */
export function chooseFormats(
  columns: readonly PossibleFormats[],
  hints: FormatHints,
): readonly (NumberFormat | "ambiguous" | undefined)[] {
  const decimals = columns.map(({ formats }) => new Set(formats.map(({ decimal }) => decimal)));
  const votes = new Set(decimals.flatMap((own) => (own.size === 1 ? [...own] : [])));
  const hasCommaOnly = columns.some(({ formats }) => isCommaPuzzle(formats));
  let usual = hints.decimal ?? (votes.size === 1 ? [...votes][0] : undefined);
  // A file with semicolons comes from where the comma is the decimal mark: that is why it has semicolons.
  if (usual === undefined && hasCommaOnly && hints.delimiter === ";") usual = ",";
  return columns.map(({ formats }) => {
    if (formats.length <= 1) return formats[0];
    const fitting = usual === undefined ? formats : formats.filter(({ decimal }) => decimal === usual);
    if (usual === undefined && isCommaPuzzle(formats)) return "ambiguous";
    return fitting[0] ?? formats[0];
  });
}

/** Cells such as `20,009`, which are decimals or thousands. */
function isCommaPuzzle(formats: readonly NumberFormat[]): boolean {
  const has = (decimal: string, thousands: string) =>
    formats.some((one) => one.decimal === decimal && one.thousands === thousands);
  return has(",", "") && has(".", ",") && !has(".", "");
}

/** A function that reads one cell, which is no missing reading: undefined where it is not written in the format. */
export function numberReader(format: NumberFormat): (cell: string) => number | undefined {
  const { decimal, thousands, unit } = format;
  if (decimal === "." && thousands === "" && unit === "") return readPlain;
  const shape = SHAPES[MARKS.findIndex((one) => one.decimal === decimal && one.thousands === thousands)]!;
  const separators =
    thousands === "" ? undefined : new RegExp(thousands === "space" ? SPACE : `\\${thousands}`, "g");
  return (written) => {
    const cell = plainSigns(written);
    let core = cell;
    if (unit !== "") {
      const split = splitUnit(cell);
      if (split.unit !== unit && split.unit !== "") return undefined;
      core = split.core;
    }
    if (!shape.test(core)) return undefined;
    if (separators !== undefined) core = core.replace(separators, "");
    return finite(Number(decimal === "," ? core.replace(",", ".") : core));
  };
}

/** A number as programs write it. Number() also takes 0x1F, 0o17 and 0b11, which are no numbers in a data file. */
export function readPlain(cell: string): number | undefined {
  const value = Number(cell);
  if (!Number.isFinite(value) || cell === "") {
    return UNUSUAL.test(cell) && plainSigns(cell) !== cell ? readPlain(plainSigns(cell)) : undefined;
  }
  if (cell.length > 2) {
    const second = cell.charCodeAt(1) | 32;
    if (second === 120 || second === 111 || second === 98) return undefined;
  }
  return value;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

const FLAGS = new Map([
  ["true", 1],
  ["yes", 1],
  ["on", 1],
  ["false", 0],
  ["no", 0],
  ["off", 0],
]);

/** 1 or 0 for a cell such as `true` or `off`; undefined for any other. */
export function readFlag(cell: string): number | undefined {
  return FLAGS.get(cell.toLowerCase());
}
