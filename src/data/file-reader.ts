/** Takes the records of a data file: makes the plan of its columns from the first ones, then a table of all. */
import { InputError } from "../errors.js";
import { type CellOptions, type ColumnRoles, namedColumns } from "./column-roles.js";
import { joinDateParts } from "./date-parts.js";
import { findHeader, type Header } from "./header.js";
import { MissingCells } from "./missing.js";
import { planFile } from "./plan.js";
import type { Fields } from "./records.js";
import { TableBuilder } from "./table.js";
import type { RowRange, Table } from "./table-form.js";
import type { SampleColumn } from "./time-role.js";

/** How a file is read. */
export interface FileOptions extends ColumnRoles, CellOptions {
  /** One character; found from the first lines where it is undefined. */
  readonly delimiter?: string | undefined;
  /** Whether the first line names the columns; found from that line where it is undefined. */
  readonly header?: boolean | undefined;
  /** Whether the line after the header holds units; found from that line where it is undefined. */
  readonly unitsRow?: boolean | undefined;
  readonly rows?: RowRange | undefined;
}

/** How the records of a file are laid out. */
export interface Layout {
  readonly delimiter: string;
  /** What errors count. */
  readonly place: "line" | "row";
  /** What is known of the columns where records have names by themselves: the first one that is taken is the names. */
  readonly fields?: Fields | undefined;
}

/** How many rows the plan of the columns is made from. */
const SAMPLE_ROWS = 2000;

/** Takes the records of a file: those of the header first, then rows. */
export class FileReader {
  /** Whether the file has a header. */
  isNamed = false;
  /** Whether cells were found that the plan was not made from, and that may change it. */
  hasNewEvidence = false;
  readonly file: string;
  readonly options: FileOptions;
  readonly #evidence: Map<number, string[]>;
  readonly #isFinal: boolean;
  readonly #missing: MissingCells;
  #layout: Layout = { delimiter: ",", place: "line" };
  /** Puts the parts of dates together. */
  #join: (cells: readonly string[]) => readonly string[] = (cells) => cells;
  #waiting: { readonly cells: readonly string[]; readonly line: number }[] = [];
  #emptyLines: number[] = [];
  #builder: TableBuilder | undefined;
  #header: Header | undefined;
  #sample: readonly SampleColumn[] = [];

  constructor(file: string, options: FileOptions, evidence: Map<number, string[]>, isFinal: boolean) {
    this.file = file;
    this.options = options;
    this.#evidence = evidence;
    this.#isFinal = isFinal;
    this.#missing = new MissingCells(options.missing);
  }

  get delimiter(): string {
    return this.#layout.delimiter;
  }

  /** Says how the records are laid out, before the first of them. */
  begin(layout: Layout): void {
    this.#layout = layout;
  }

  /** Takes a record. @throws InputError, naming line and column, where a cell cannot be read. */
  readonly take = (cells: readonly string[], line: number): void => {
    if (cells.length === 0 || (cells.length === 1 && cells[0] === "")) {
      if (this.#builder !== undefined || this.#waiting.length > 0) this.#emptyLines.push(line);
      return;
    }
    if (this.#emptyLines.length > 0) {
      const isOneColumn = (this.#header?.names ?? this.#waiting[0]?.cells)?.length === 1;
      if (isOneColumn) for (const empty of this.#emptyLines) this.#add([""], empty);
      this.#emptyLines = [];
    }
    this.#add(cells, line);
  };

  #add(cells: readonly string[], line: number): void {
    if (this.#builder !== undefined) this.#builder.add(this.#join(cells), line);
    else {
      this.#waiting.push({ cells: [...cells], line });
      if (this.#waiting.length >= SAMPLE_ROWS) this.#plan();
    }
  }

  /** Makes the plan from the rows that wait, and takes them. */
  #plan(): TableBuilder {
    const records = this.#waiting.map(({ cells }) => cells);
    const { fields, delimiter, place } = this.#layout;
    const found: Header =
      fields === undefined
        ? findHeader(this.file, records, this.options)
        : { names: records[0] ?? [], isNamed: true, units: [], records: 1, notes: [], unread: fields.unread };
    this.isNamed = found.isNamed;
    const parts = joinDateParts(
      this.file,
      found,
      records.slice(found.records),
      new Set(namedColumns(this.options)),
    );
    const header = parts?.header ?? found;
    this.#header = header;
    if (parts !== undefined) this.#join = parts.join;
    const rows = records.slice(header.records).map(this.#join);
    if (rows.length === 0) {
      throw new InputError(`${this.file} has no rows of data${header.isNamed ? " after its header" : ""}.`);
    }
    if (fields === undefined) this.#checkCommas(header, rows);
    const sample = header.names.map((name, index) => ({
      index,
      name,
      cells: [...rows.flatMap((row) => row[index] ?? []), ...(this.#evidence.get(index) ?? [])],
      isNumeric: fields?.numeric.has(name) === true,
    }));
    this.#sample = sample;
    const plan = planFile(this.file, header, sample, this.options, {
      delimiter,
      missing: this.#missing,
    });
    const builder = new TableBuilder(this.file, header, plan, {
      roles: this.options,
      missing: this.#missing,
      isFinal: this.#isFinal,
      place,
    });
    this.#builder = builder;
    for (const { cells, line } of this.#waiting.slice(header.records)) builder.add(this.#join(cells), line);
    this.#waiting = [];
    return builder;
  }

  /**
   * The table of all records; undefined where the plan was wrong, and the file has to be read again.
   *
   * @param isLineEnd as for `TableBuilder.finish`.
   * @param notes sentences on the form of the file, which join those on its columns.
   */
  finish(isLineEnd: boolean, notes: readonly string[]): Table | undefined {
    const builder = this.#builder ?? this.#plan();
    const table = builder.finish(isLineEnd);
    if (builder.evidence.size > 0 && !this.#isFinal) {
      for (const [index, cells] of builder.evidence) {
        const known = new Set(this.#sample[index]!.cells);
        const fresh = cells.filter((cell) => !known.has(cell));
        if (fresh.length > 0) this.hasNewEvidence = true;
        this.#evidence.set(index, [...(this.#evidence.get(index) ?? []), ...fresh]);
      }
      return undefined;
    }
    return { ...table, notes: [...table.notes, ...notes] };
  }

  /** Refuses numbers with decimal commas, and commas between them: `20,009` may be two columns. */
  #checkCommas(header: Header, rows: readonly (readonly string[])[]): void {
    if (header.isNamed || this.delimiter !== "," || this.options.delimiter !== undefined) return;
    const isFraction = (column: number) => {
      const cells = rows.flatMap((row) => row[column] ?? []);
      const isDigits = cells.every((cell) => /^\d+$/.test(cell) && cell.length === cells[0]?.length);
      return isDigits && cells.some((cell) => cell.startsWith("0") && cell.length > 1);
    };
    if (header.names.length !== 2 || !isFraction(1) || !rows.every(([whole]) => /^-?\d+$/.test(whole ?? "")))
      return;
    const line = (rows[0] ?? []).join(",");
    const found = `${this.file} has lines such as ${line}, which may be one number or two columns`;
    throw new InputError(`${found}: --decimal , reads one number, --delimiter , two columns.`, {
      forRequest: `${found}: write one number with a decimal point, two columns with a semicolon between.`,
    });
  }
}
