/** A data file as columns of numbers, built row by row after its plan. */
import { InputError } from "../errors.js";
import { type CellFault, describeNonNumber, parseLabel, quoteCell } from "./cell.js";
import type { CellOptions, ColumnRoles } from "./column-roles.js";
import type { Header, LeftOut } from "./header.js";
import type { MissingCells } from "./missing.js";
import { NumberColumn } from "./number-column.js";
import { possibleFormats, readFlag } from "./number-format.js";
import type { ColumnPlan, FilePlan } from "./plan.js";
import { type FeatureColumn, namedFeatures, type RowRange, type Table } from "./table-form.js";
import { TextColumn } from "./text-column.js";
import { TimeColumn } from "./time-column.js";
import { readTimeOfDay } from "./time-format.js";
import { describeNonTime } from "./time-role.js";

interface Feature {
  readonly plan: ColumnPlan;
  readonly column: NumberColumn;
  /** Codes of the cells of a column of text. */
  readonly text: TextColumn | undefined;
}

/** How the builder is set up. */
export interface BuildOptions {
  readonly roles: ColumnRoles & CellOptions & { readonly rows?: RowRange | undefined };
  readonly missing: MissingCells;
  /** Whether a cell in another format is an error at once, as the formats have been chosen with it in view. */
  readonly isFinal: boolean;
  /** What errors count. */
  readonly place: "line" | "row";
}

/** How many cells in another format are kept for a column. */
const MOST_EVIDENCE = 100;

/** Builds a table row by row. */
export class TableBuilder {
  /** By column, cells that the plan cannot read, but another plan may. */
  readonly evidence = new Map<number, string[]>();
  readonly #file: string;
  readonly #header: Header;
  readonly #plan: FilePlan;
  readonly #options: BuildOptions;
  readonly #range: RowRange;
  readonly #features: readonly Feature[];
  readonly #times: TimeColumn | undefined;
  readonly #timeText: string[] = [];
  readonly #groups = new TextColumn(Number.POSITIVE_INFINITY);
  readonly #tags = new TextColumn(Number.POSITIVE_INFINITY);
  readonly #labels = new NumberColumn();
  readonly #missingNumbers: ReadonlySet<number> | undefined;
  #short: { readonly cells: number; readonly line: number } | undefined;
  #comments = 0;
  #repeatedHeaders = 0;
  #blank = 0;
  #seen = 0;
  #rows = 0;

  constructor(file: string, header: Header, plan: FilePlan, options: BuildOptions) {
    this.#file = file;
    this.#header = header;
    this.#plan = plan;
    this.#options = options;
    this.#range = options.roles.rows ?? { from: 0, to: Number.POSITIVE_INFINITY };
    this.#missingNumbers = options.missing.numbers;
    this.#features = plan.columns.map((column) => ({
      plan: column,
      column: new NumberColumn(),
      text: column.kind === "text" ? new TextColumn() : undefined,
    }));
    this.#times =
      plan.time === undefined ? undefined : new TimeColumn(plan.time.formats, options.roles.usualTimeFormat);
  }

  /** Adds one row of trimmed cells. @throws InputError, naming line and column, where a cell cannot be read. */
  add(cells: readonly string[], line: number): void {
    if (this.#short !== undefined) this.#refuseWidth(this.#short.cells, this.#short.line);
    if (cells[0]!.startsWith("#") && cells.length !== this.#plan.names.length) {
      this.#comments++;
      return;
    }
    const { names, time, group, label, tag } = this.#plan;
    if (cells.length !== names.length && !this.#isWide(cells, line)) return;
    if (this.#header.isNamed && cells[0] === names[0] && names.every((name, i) => name === cells[i])) {
      this.#repeatedHeaders++;
      return;
    }
    if (time !== undefined && cells[time.columns[0]] === "" && cells.every((cell) => cell === "")) {
      this.#blank++;
      return;
    }
    const row = this.#seen++;
    if (row < this.#range.from || row >= this.#range.to) return;
    for (const feature of this.#features) this.#addReading(feature, cells[feature.plan.index]!, line);
    if (time !== undefined) this.#addTime(cells, line);
    if (group !== undefined) this.#groups.add(cells[group]!);
    if (tag !== undefined) this.#tags.add(cells[tag]!);
    if (label !== undefined) {
      const isAnomalous = parseLabel(cells[label]!);
      if (isAnomalous === undefined) {
        this.#refuse(line, label, { what: `${quoteCell(cells[label]!)} is not a label (0 or 1)` });
      }
      this.#labels.push(isAnomalous ? 1 : 0);
    }
    this.#rows++;
  }

  /**
   * The table of all rows so far. @throws InputError where there is none.
   *
   * @param isLineEnd whether the text ends with a line feed: where it does not, a short last line is left out.
   */
  finish(isLineEnd: boolean): Table {
    if (this.#short !== undefined && isLineEnd) this.#refuseWidth(this.#short.cells, this.#short.line);
    const { from } = this.#range;
    if (this.#rows === 0) {
      throw new InputError(
        this.#seen === 0
          ? `${this.#file} has no rows of data${this.#header.isNamed ? " after its header" : ""}.`
          : `${this.#file} has ${this.#seen} rows of data, none of them from row ${from} on.`,
      );
    }
    const notes = [...this.#header.notes];
    if (this.#short !== undefined) {
      notes.push(`${this.#file}: the last line is cut off and left out (line ${this.#short.line}).`);
    }
    if (this.#repeatedHeaders > 0) {
      notes.push(
        `${this.#file}: the header stands among the rows too (${this.#repeatedHeaders} more); it is passed over.`,
      );
    }
    if (this.#blank > 0) {
      notes.push(`${this.#file}: rows without a time or any other cell are passed over (${this.#blank}).`);
    }
    if (this.#comments > 0) {
      notes.push(
        `${this.#file}: lines among the rows that begin with # are passed over (${this.#comments}).`,
      );
    }
    if (this.#plan.tag !== undefined && this.#options.roles.tagColumn === undefined) {
      const [tag, value] = [this.#plan.names[this.#plan.tag], this.#plan.columns[0]?.name];
      notes.push(`${this.#file} has one reading a row: "${tag}" names its feature, "${value}" holds it.`);
    }
    const leftOut: LeftOut[] = [...this.#plan.leftOut];
    const features: FeatureColumn[] = [];
    const texts = [];
    for (const { plan, column, text } of this.#features) {
      if (text !== undefined) {
        leftOut.push({ name: plan.name, reason: plan.text ?? "it holds text" });
        if (text.isWhole) texts.push({ name: plan.name, ...text.take() });
      } else if (plan.kind === "empty" && !plan.chosen)
        leftOut.push({ name: plan.name, reason: "it is empty" });
      else features.push({ name: plan.name, unit: plan.unit, plan, values: column.take() });
    }
    return {
      file: this.#file,
      rows: this.#rows,
      firstRow: from,
      features,
      time: this.#takeTime(),
      groups: this.#plan.group === undefined ? undefined : this.#groups.take(),
      tags: this.#plan.tag === undefined ? undefined : this.#tags.take(),
      anomalous: this.#plan.label === undefined ? undefined : Uint8Array.from(this.#labels.take()),
      leftOut,
      texts,
      notes: [...notes, ...namedFeatures(this.#file, features)],
    };
  }

  #takeTime(): Table["time"] {
    if (this.#times === undefined) return undefined;
    const names = this.#plan.time!.columns.map((index) => this.#plan.names[index]!);
    const times = this.#times.finish();
    if (!("ms" in times)) {
      const [one, other] = times.map(({ name }) => name.replace(/ .*/, ""));
      const found = `${this.#file}, column "${names[0]}": the dates may be written as ${one} or as ${other}, and nothing decides between them`;
      throw new InputError(`${found}; --time-format ${one} or --time-format ${other} says which.`, {
        forRequest: `${found}; write dates as YYYY-MM-DD.`,
      });
    }
    return { name: names.join(" "), names, ms: times.ms, text: this.#timeText, format: times.format };
  }

  #addReading({ plan, column, text }: Feature, cell: string, line: number): void {
    if (text !== undefined) {
      text.add(cell);
      return;
    }
    const value = plan.read(cell);
    if (value !== undefined) {
      column.push(this.#missingNumbers?.has(value) === true ? Number.NaN : value);
      if (plan.kind === "empty") this.#keep(plan, cell);
      return;
    }
    column.push(Number.NaN);
    if (this.#options.missing.hasWord(cell)) return;
    const isOther =
      plan.kind !== "number" || possibleFormats([cell]).read > 0 || readFlag(cell) !== undefined;
    if (isOther && !this.#options.isFinal) this.#keep(plan, cell);
    else this.#refuse(line, plan.index, describeNonNumber(cell));
  }

  #keep({ index }: ColumnPlan, cell: string): void {
    const kept = this.evidence.get(index) ?? [];
    if (kept.length < MOST_EVIDENCE) this.evidence.set(index, [...kept, cell]);
  }

  #addTime(cells: readonly string[], line: number): void {
    const [column, clock] = this.#plan.time!.columns;
    const cell = cells[column]!;
    const addMs = clock === undefined ? 0 : readTimeOfDay(cells[clock]!, this.#plan.time!.clockDigits);
    if (addMs === undefined) {
      this.#refuse(line, clock!, {
        what: `${quoteCell(cells[clock!]!)} is not a time of day (HH:MM:SS)`,
      });
    }
    if (!this.#times!.add(cell, addMs))
      this.#refuse(line, column, describeNonTime(cell, this.#times!.format));
    if (this.#options.roles.keepTimeText === true) {
      this.#timeText.push(clock === undefined ? cell : `${cell} ${cells[clock]}`);
    }
  }

  /** Whether a row with another number of cells is one after all: with a delimiter at its end. */
  #isWide(cells: readonly string[], line: number): boolean {
    const width = this.#plan.names.length;
    if (cells.length < width) {
      this.#short = { cells: cells.length, line };
      return false;
    }
    if (cells.slice(width).some((cell) => cell !== "")) this.#refuseWidth(cells.length, line);
    return true;
  }

  #refuseWidth(cells: number, line: number): never {
    const width = this.#plan.names.length;
    const where = this.#header.isNamed ? "the header" : "the first line";
    const count = cells === 1 ? "1 cell" : `${cells} cells`;
    throw new InputError(`${this.#file} line ${line} has ${count}; ${where} has ${width}.`);
  }

  #refuse(line: number, column: number, { what, option = "", request = "" }: CellFault): never {
    const found = `${this.#file} ${this.#options.place} ${line}, column "${this.#plan.names[column]}": ${what}`;
    throw new InputError(`${found}${option}.`, { forRequest: `${found}${request}.` });
  }
}
