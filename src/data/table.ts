/**
 * A data file as columns of numbers, built row by row.
 *
 * The first cell of a column that is not missing decides its kind. A number makes it numeric, and text further down is
 * then an error. Anything else makes it a text column, which cannot be a feature.
 */
import { InputError } from "../errors.js";
import { describeNonNumber, parseLabel, parseReading } from "./cell.js";
import { NumberColumn } from "./number-column.js";
import { detectTimeColumn, detectTimeFormat, parseTimestamp, type TimeFormat } from "./timestamp.js";

/** What columns are used for. Names are those of the header, or `c0`, `c1`, ... where there is none. */
export interface ColumnRoles {
  /** The features, in this order; every numeric column but the others where it is undefined. */
  readonly columns?: readonly string[] | undefined;
  /** `false` for no time column; looked for where it is undefined. */
  readonly timeColumn?: string | false | undefined;
  readonly groupColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  /** Whether the cells of the time column are kept as they are written. */
  readonly keepTimeText?: boolean | undefined;
}

/** Data rows, counted from 0: `from` up to `to`, `to` excluded. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The readings of one feature. */
export interface FeatureColumn {
  readonly name: string;
  /** [rows]; NaN where a reading is missing. */
  readonly values: Float64Array;
}

/** A file as columns. */
export interface Table {
  readonly file: string;
  readonly rows: number;
  /** The number of the first row in the file: above 0 where only a range of rows was read. */
  readonly firstRow: number;
  readonly features: readonly FeatureColumn[];
  readonly time:
    | { readonly name: string; readonly ms: Float64Array; readonly text: readonly string[] }
    | undefined;
  /** [rows]: the group of each row, as an index of `names`. */
  readonly groups: { readonly of: Int32Array; readonly names: readonly string[] } | undefined;
  /** [rows]: 1 where a row is labelled anomalous; undefined where the file has no label column. */
  readonly anomalous: Uint8Array | undefined;
  /** Columns that are no feature because they hold text or nothing at all, or have no name. */
  readonly leftOut: readonly string[];
}

interface Feature {
  readonly index: number;
  readonly name: string;
  readonly chosen: boolean;
  kind: "undecided" | "numeric" | "text";
  column: NumberColumn;
}

/** Builds a table row by row. */
export class TableBuilder {
  readonly #file: string;
  readonly #names: readonly string[];
  readonly #named: boolean;
  readonly #roles: ColumnRoles;
  readonly #range: RowRange;
  readonly #time: number | undefined;
  readonly #timeFormat: TimeFormat | undefined;
  readonly #group: number | undefined;
  readonly #label: number | undefined;
  readonly #features: Feature[];
  readonly #times = new NumberColumn();
  readonly #timeText: string[] = [];
  readonly #groups = new NumberColumn();
  readonly #groupNames = new Map<string, number>();
  readonly #labels = new NumberColumn();
  #seen = 0;
  #rows = 0;

  /**
   * @param names the names of all columns.
   * @param named false where the file has no header, so that the names are `c0`, `c1`, ...
   * @param firstRow the first row of data, by which the time column is found.
   * Throws InputError where the roles name a column that does not exist.
   */
  constructor(
    file: string,
    names: readonly string[],
    named: boolean,
    firstRow: readonly string[],
    roles: ColumnRoles,
    range: RowRange = { from: 0, to: Number.POSITIVE_INFINITY },
  ) {
    this.#file = file;
    this.#names = names;
    this.#named = named;
    this.#roles = roles;
    this.#range = range;
    this.#group = roles.groupColumn === undefined ? undefined : this.#find(roles.groupColumn);
    // A file without the label column is all normal. The data set checks that at least one file has it.
    this.#label = roles.labelColumn === undefined ? undefined : this.#lookUp(roles.labelColumn);
    if (roles.timeColumn === undefined) {
      const found = detectTimeColumn(named ? names : [], firstRow);
      const taken = found === undefined || (roles.columns ?? []).some((name) => this.#lookUp(name) === found);
      this.#time = taken || found === this.#group || found === this.#label ? undefined : found;
    } else {
      this.#time = roles.timeColumn === false ? undefined : this.#find(roles.timeColumn);
    }
    this.#timeFormat = this.#time === undefined ? undefined : detectTimeFormat(firstRow[this.#time] ?? "");
    const others = new Set([this.#time, this.#group, this.#label]);
    const indices =
      roles.columns === undefined
        ? names.map((_, index) => index).filter((index) => !others.has(index) && names[index] !== "")
        : roles.columns.map((name) => this.#find(name));
    this.#features = indices.map((index) => ({
      index,
      name: names[index]!,
      chosen: roles.columns !== undefined,
      kind: "undecided",
      column: new NumberColumn(),
    }));
  }

  /** Adds one row of trimmed cells. Throws InputError, naming line and column, where a cell cannot be read. */
  add(cells: readonly string[], line: number): void {
    if (cells.length !== this.#names.length) this.#checkWidth(cells, line);
    const row = this.#seen++;
    if (row < this.#range.from || row >= this.#range.to) return;
    for (const feature of this.#features) {
      if (feature.kind !== "text") this.#addReading(feature, cells[feature.index]!, line);
    }
    if (this.#time !== undefined) this.#addTime(cells[this.#time]!, line);
    if (this.#group !== undefined) {
      const name = cells[this.#group]!;
      const known = this.#groupNames.get(name) ?? this.#groupNames.size;
      this.#groupNames.set(name, known);
      this.#groups.push(known);
    }
    if (this.#label !== undefined) {
      const cell = cells[this.#label]!;
      const label = parseLabel(cell);
      if (label === undefined)
        this.#refuse(line, this.#label, `${JSON.stringify(cell)} is not a label (0 or 1)`);
      this.#labels.push(label ? 1 : 0);
    }
    this.#rows++;
  }

  /** The table of all rows so far. Throws InputError where there is none. */
  finish(): Table {
    const { from } = this.#range;
    if (this.#rows === 0) {
      throw new InputError(
        this.#seen === 0
          ? `${this.#file} has no rows of data.`
          : `${this.#file} has ${this.#seen} rows of data, none of them from row ${from} on.`,
      );
    }
    const numeric = this.#features.filter(({ kind, chosen }) => kind === "numeric" || chosen);
    const leftOut = this.#features.filter(({ kind, chosen }) => kind !== "numeric" && !chosen);
    return {
      file: this.#file,
      rows: this.#rows,
      firstRow: from,
      features: numeric.map(({ name, column }) => ({ name, values: column.take() })),
      time:
        this.#time === undefined
          ? undefined
          : { name: this.#names[this.#time]!, ms: this.#times.take(), text: this.#timeText },
      groups:
        this.#group === undefined
          ? undefined
          : { of: Int32Array.from(this.#groups.take()), names: [...this.#groupNames.keys()] },
      anomalous: this.#label === undefined ? undefined : Uint8Array.from(this.#labels.take()),
      leftOut: leftOut.map(({ name }) => name),
    };
  }

  #addReading(feature: Feature, cell: string, line: number): void {
    const value = parseReading(cell);
    if (value === undefined) {
      if (feature.chosen || feature.kind === "numeric")
        this.#refuse(line, feature.index, describeNonNumber(cell));
      feature.kind = "text";
      feature.column = new NumberColumn();
      return;
    }
    if (feature.kind === "undecided" && !Number.isNaN(value)) feature.kind = "numeric";
    feature.column.push(value);
  }

  #addTime(cell: string, line: number): void {
    const format = this.#timeFormat ?? detectTimeFormat(cell);
    const ms = format === undefined ? undefined : parseTimestamp(cell, format);
    if (ms === undefined) {
      this.#refuse(
        line,
        this.#time!,
        `${JSON.stringify(cell)} is not a time (RFC 3339, YYYY-MM-DD HH:MM:SS, or seconds or milliseconds since 1970)`,
      );
    }
    this.#times.push(ms);
    if (this.#roles.keepTimeText === true) this.#timeText.push(cell);
  }

  #checkWidth(cells: readonly string[], line: number): void {
    const width = this.#names.length;
    // A delimiter at the end of a line makes one more cell, which is empty.
    if (cells.length > width && cells.slice(width).every((cell) => cell === "")) return;
    const where = this.#named ? "the header" : "the first line";
    const count = cells.length === 1 ? "1 cell" : `${cells.length} cells`;
    throw new InputError(`${this.#file} line ${line} has ${count}; ${where} has ${width}.`);
  }

  /** The index of a column by its name; in a file without a header, `3` names the same column as `c3`. */
  #lookUp(name: string): number | undefined {
    const index = this.#names.indexOf(name);
    if (index >= 0) return index;
    return !this.#named && /^\d+$/.test(name) && Number(name) < this.#names.length ? Number(name) : undefined;
  }

  #find(name: string): number {
    const index = this.#lookUp(name);
    if (index !== undefined) return index;
    throw new InputError(`${this.#file} has no column "${name}"; it has ${listNames(this.#names)}.`);
  }

  #refuse(line: number, column: number, what: string): never {
    throw new InputError(`${this.#file} line ${line}, column "${this.#names[column]}": ${what}.`);
  }
}

/** Names for a sentence: all of them up to 12, else the first 12 and how many more. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return names.length > 12 ? `${shown.join(", ")} and ${names.length - 12} more` : shown.join(", ");
}
