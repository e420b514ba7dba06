/** What each column of a file is for, and how its cells are read: decided from the first rows, before the rest. */
import { InputError } from "../errors.js";
import { quoteCell } from "./cell.js";
import type { CellOptions, ColumnRoles } from "./column-roles.js";
import type { Header, LeftOut } from "./header.js";
import type { MissingCells } from "./missing.js";
import { listNames, nameWithoutUnit, unitOfName } from "./names.js";
import {
  chooseFormats,
  type NumberFormat,
  numberReader,
  PLAIN,
  possibleFormats,
  readFlag,
  splitUnit,
} from "./number-format.js";
import { findTimeRole, joinedRole, namedTimeFormats, type SampleColumn, type TimeRole } from "./time-role.js";

/** Why a column that --exclude names is left out. */
export const EXCLUDED = "--exclude names it";

/** A column that is read as a feature, or as text that may turn out to name groups. */
export interface ColumnPlan {
  readonly index: number;
  readonly name: string;
  readonly unit: string | undefined;
  /** Whether a person named it as a feature. */
  readonly chosen: boolean;
  readonly kind: "number" | "flag" | "text" | "empty";
  readonly format: NumberFormat;
  readonly read: (cell: string) => number | undefined;
  /** Why it is text: the end of a sentence. */
  readonly text: string | undefined;
}

/** The plan of a file. */
export interface FilePlan {
  readonly names: readonly string[];
  readonly time: TimeRole | undefined;
  readonly group: number | undefined;
  readonly label: number | undefined;
  readonly tag: number | undefined;
  readonly columns: readonly ColumnPlan[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Plans how a file is read.
 *
 * @param sample the first rows, by column: that of column i is at i.
 * @param context.delimiter of the file: semicolons hint at decimal commas.
 * @throws InputError where the roles name a column that does not exist, or a column can be read in two ways.
 */
export function planFile(
  file: string,
  header: Header,
  sample: readonly SampleColumn[],
  options: ColumnRoles & CellOptions,
  context: { readonly delimiter: string; readonly missing: MissingCells },
): FilePlan {
  const roles = presentRoles(header, options);
  const names = header.names;
  const find = (name: string) => findColumn(file, header, name);
  const unread = header.unread ?? [];
  const excluded = new Set(
    (roles.exclude ?? []).filter((name) => unread.every((one) => one.name !== name)).map(find),
  );
  const group = roles.groupColumn === undefined ? undefined : find(roles.groupColumn);
  // A file without the label column is all normal. The data set checks that at least one file has it.
  const label = roles.labelColumn === undefined ? undefined : lookUp(header, roles.labelColumn);
  const tag = roles.tagColumn === undefined ? undefined : find(roles.tagColumn);
  const value = roles.valueColumn === undefined ? undefined : find(roles.valueColumn);
  const taken = new Set([group, label, tag, value, ...excluded]);
  if (tag === undefined) for (const name of roles.columns ?? []) taken.add(lookUp(header, name));
  const time = planTime(file, sample, roles, find, taken);
  const others = new Set([group, label, tag, ...excluded, ...(time?.columns ?? [])]);
  const leftOut = [...unread, ...[...excluded].map((index) => ({ name: names[index]!, reason: EXCLUDED }))];
  const chosen = tag === undefined ? roles.columns : undefined;
  let indices: readonly number[];
  if (value !== undefined) indices = [value];
  else if (chosen !== undefined) indices = chosen.map(find);
  else indices = names.map((_, index) => index).filter((index) => !others.has(index));
  const isChosen = chosen !== undefined || value !== undefined;
  const isUsable = (index: number) => isChosen || names[index] !== "";
  for (const index of indices) {
    if (isUsable(index) || isIndexColumn(sample[index])) continue;
    const reason = `it has no name: give it one in the header, or choose it with --columns as c${index}`;
    leftOut.push({ name: "", reason });
  }
  // Text columns may tell series apart, so they are looked at though they are no features.
  const present = sample.map(({ cells }) => cells.filter((cell) => !context.missing.hasWord(cell)));
  // Times say nothing of the decimal mark: 06.30 is a time of day.
  const times = new Set<number>(time?.columns);
  const possible = present.map((cells, index) => {
    if (sample[index]!.isNumeric === true) return { formats: [PLAIN], read: cells.length };
    return possibleFormats(times.has(index) ? [] : cells);
  });
  const formats = chooseFormats(possible, { decimal: roles.decimal, delimiter: context.delimiter });
  const columns = indices.filter(isUsable).map((index): ColumnPlan => {
    const cells = present[index]!;
    const format = formats[index];
    const name = names[index] === "" ? `c${index}` : names[index]!;
    const isNumber = possible[index]!.read * 2 >= cells.length && possible[index]!.read > 0;
    const isFlag = cells.length > 0 && cells.every((cell) => readFlag(cell) !== undefined);
    const kind = cells.length === 0 ? "empty" : isFlag ? "flag" : isNumber || isChosen ? "number" : "text";
    if (kind === "number" && format === "ambiguous") refuseAmbiguous(file, name, cells[0]!);
    const own = format === "ambiguous" || format === undefined ? PLAIN : format;
    return {
      index,
      name,
      unit: header.units[index] ?? unitOfName(name) ?? (own.unit === "" ? undefined : own.unit),
      chosen: isChosen,
      kind,
      format: own,
      read: kind === "flag" ? readFlag : numberReader(own),
      text: kind === "text" ? textReason(cells) : undefined,
    };
  });
  if (value !== undefined) {
    const used = new Set([...others, value]);
    for (const [index, name] of names.entries()) {
      if (!used.has(index) && !OF_INFLUX.test(name)) columns.push(besideReading(index, name));
    }
  }
  return { names, time, group, label, tag, columns, leftOut };
}

/** Columns that every annotated CSV of InfluxDB has. */
const OF_INFLUX = /^(|result|table|_start|_stop)$/;

/** A column of a long file that is not read, but may tell readings of one tag and time apart. */
function besideReading(index: number, name: string): ColumnPlan {
  const text = "a row of a long file is one reading";
  const read = () => undefined;
  return { index, name, unit: undefined, chosen: false, kind: "text", format: PLAIN, read, text };
}

/** The options without the roles of a model that the file has no column for. */
function presentRoles<Options extends ColumnRoles>(header: Header, options: Options): Options {
  const absent = (options.usualRoles ?? []).filter((role) => {
    const name = options[role];
    return typeof name === "string" && lookUp(header, name) === undefined;
  });
  if (absent.includes("tagColumn") || absent.includes("valueColumn")) absent.push("tagColumn", "valueColumn");
  const present = { ...options, ...Object.fromEntries(absent.map((role) => [role, undefined])) };
  // The annotated CSV of InfluxDB is long.
  const isInflux = ["_time", "_field", "_value"].every((name) => header.names.includes(name));
  if (!isInflux || options.tagColumn !== undefined || options.columns?.includes("_value")) return present;
  return { ...present, timeColumn: "_time", tagColumn: "_field", valueColumn: "_value" };
}

function textReason(cells: readonly string[]): string {
  const text = cells.find((cell) => possibleFormats([cell]).read === 0);
  if (text !== undefined && /^[[{].*[\]}]$/.test(text)) {
    return `it holds objects or lists, such as ${quoteCell(text)}, and only values that stand in a row themselves are read`;
  }
  if (text !== undefined) return `it holds text, such as ${quoteCell(text)}`;
  const other = cells.find((cell) => splitUnit(cell).unit !== splitUnit(cells[0]!).unit) ?? "";
  return `its numbers have several units: ${quoteCell(cells[0]!)}, ${quoteCell(other)}`;
}

function planTime(
  file: string,
  sample: readonly SampleColumn[],
  roles: ColumnRoles & CellOptions,
  find: (name: string) => number,
  taken: ReadonlySet<number | undefined>,
): TimeRole | undefined {
  if (roles.timeColumn === false) return undefined;
  if (roles.dateColumn !== undefined) {
    const date = sample[find(roles.dateColumn)]!;
    if (roles.timeColumn === undefined) {
      return { columns: [date.index], formats: namedTimeFormats(file, date, roles) };
    }
    return joinedRole(file, date, sample[find(roles.timeColumn)]!, roles);
  }
  const free = sample.filter(({ index }) => !taken.has(index));
  if (roles.timeColumn === undefined) return findTimeRole(file, free, roles);
  const time = sample[find(roles.timeColumn)]!;
  return { columns: [time.index], formats: namedTimeFormats(file, time, roles) };
}

/** Whether a column without a name counts rows, as data frames write it. */
function isIndexColumn(column: SampleColumn | undefined): boolean {
  const cells = column?.cells ?? [];
  return cells.length > 0 && cells.every((cell, row) => Number(cell) === Number(cells[0]) + row);
}

function refuseAmbiguous(file: string, name: string, cell: string): never {
  const found = `${file}, column "${name}": ${quoteCell(cell)} may be ${cell.replace(",", ".")} or ${cell.replaceAll(",", "")}`;
  throw new InputError(`${found}; --decimal , or --decimal . says which.`, {
    forRequest: `${found}; write numbers with a decimal point, and no mark between thousands.`,
  });
}

/**
 * The index of a column by its name, with or without its unit; in a file without a header, `3` names the same column
 * as `c3`, and so does `c3` a column without a name.
 */
function lookUp(header: Header, name: string): number | undefined {
  const { names, isNamed } = header;
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const bare = names.findIndex((own) => own !== "" && nameWithoutUnit(own) === name);
  if (bare >= 0) return bare;
  const number = /^c(\d+)$/.exec(name)?.[1] ?? (isNamed ? undefined : /^\d+$/.exec(name)?.[0]);
  if (number === undefined) return undefined;
  return names[Number(number)] === (isNamed ? "" : `c${number}`) ? Number(number) : undefined;
}

function findColumn(file: string, header: Header, name: string): number {
  const index = lookUp(header, name);
  if (index !== undefined) return index;
  const unread = header.unread?.find((one) => one.name === name);
  if (unread !== undefined) {
    throw new InputError(`${file}: the column "${name}" cannot be read: ${unread.reason}.`);
  }
  const hint = header.names.some((own) => own.includes(","))
    ? "; a name with a comma is written in quotes"
    : "";
  throw new InputError(`${file} has no column "${name}"; it has ${listNames(header.names)}${hint}.`);
}
