/**
 * Data files, read as a stream into columns of numbers:
 *
 *   bytes -> text (encoding) -> layout (dialect) -> records -> header -> plan of the columns -> table
 *
 * The plan is made from the first rows. Where a later row shows that it was wrong (all times were ambiguous until then,
 * or numbers had no thousands), the file is read again with that row in view.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { CsvError } from "csv-parse";
import { InputError } from "../errors.js";
import { type Dialect, detectDialect } from "./dialect.js";
import { type Encoding, NotUtf8, openText, prepend } from "./encoding.js";
import { findHeader, type Header } from "./header.js";
import { pivot } from "./long-table.js";
import { MissingCells } from "./missing.js";
import { type CellOptions, type ColumnRoles, planFile } from "./plan.js";
import { readDelimited, readJsonLines } from "./records.js";
import { type RowRange, type Table, TableBuilder } from "./table.js";
import type { SampleColumn } from "./time-role.js";

/** How a file is read. */
export interface CsvOptions extends ColumnRoles, CellOptions {
  /** One character; found from the first lines where it is undefined. */
  readonly delimiter?: string | undefined;
  /** Whether the first line names the columns; found from that line where it is undefined. */
  readonly header?: boolean | undefined;
  /** Whether the line after the header holds units; found from that line where it is undefined. */
  readonly unitsRow?: boolean | undefined;
  readonly rows?: RowRange | undefined;
}

/** A file that was read. */
export interface CsvFile extends Table {
  /** sha256, in hex, of the file as it stands on disk. */
  readonly sha256: string;
  readonly delimiter: string;
  readonly header: boolean;
}

/** How much of a file the layout is found from. */
const SAMPLE_BYTES = 65_536;
/** How many rows the plan of the columns is made from. */
const SAMPLE_ROWS = 2000;
/** How often a file is read again at most. */
const MOST_READS = 3;

/**
 * Reads one file: any one-character delimiter, LF or CRLF, quotes, UTF-8, UTF-16 or Windows-1252, gzip or zstd, or
 * JSON lines. Lines before the header are passed over. The first line is the header unless `header` is false, or it is
 * undefined and the line holds only numbers and times; columns without a header are named c0, c1, ...
 *
 * Empty lines are skipped; in a file of one column an empty line between others is a missing reading.
 * Throws InputError, naming file, line and column, where a cell cannot be read.
 */
export async function readCsv(path: string, options: CsvOptions = {}): Promise<CsvFile> {
  const file = basename(path);
  const evidence = new Map<number, string[]>();
  let encoding: Encoding | undefined;
  let isFinal = false;
  for (let reads = 1; ; reads++) {
    const hash = createHash("sha256");
    try {
      const reader = new FileReader(file, options, evidence, isFinal || reads >= MOST_READS);
      const table = await readOnce(path, hash, encoding, reader);
      isFinal = !reader.hasNewEvidence;
      if (table === undefined) continue;
      const whole = table.tags === undefined ? table : pivot(table, options.columns);
      return { ...whole, sha256: hash.digest("hex"), delimiter: reader.delimiter, header: reader.isNamed };
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw explain(error, path, file);
      encoding = "windows-1252";
      evidence.clear();
      reads = 0;
    }
  }
}

/** @returns undefined where the file has to be read again. */
async function readOnce(
  path: string,
  hash: ReturnType<typeof createHash>,
  encoding: Encoding | undefined,
  reader: FileReader,
): Promise<Table | undefined> {
  const { chunks } = await openText(path, hash, encoding);
  const { sample, rest } = await sampleOf(chunks);
  const dialect = detectDialect(wholeLines(sample), reader.options);
  if (dialect.kind === "jsonArray") {
    throw new InputError(`${reader.file} is one JSON array; JSON is read as an object a line (jq -c '.[]').`);
  }
  reader.begin(dialect);
  const end =
    dialect.kind === "jsonLines"
      ? await readJsonLines(rest, reader.file, reader.take)
      : await readDelimited(rest, dialect, reader.take);
  return reader.finish(end.isLineEnd, end.notes);
}

/** Takes the records of a file: those of the header first, then rows. */
class FileReader {
  delimiter = ",";
  isNamed = false;
  /** Whether cells were found that the plan was not made from, and that may change it. */
  hasNewEvidence = false;
  readonly file: string;
  readonly options: CsvOptions;
  readonly #evidence: Map<number, string[]>;
  readonly #isFinal: boolean;
  readonly #missing: MissingCells;
  #isJson = false;
  #waiting: { readonly cells: readonly string[]; readonly line: number }[] = [];
  #emptyLines: number[] = [];
  #builder: TableBuilder | undefined;
  #header: Header | undefined;
  #sample: readonly SampleColumn[] = [];

  constructor(file: string, options: CsvOptions, evidence: Map<number, string[]>, isFinal: boolean) {
    this.file = file;
    this.options = options;
    this.#evidence = evidence;
    this.#isFinal = isFinal;
    this.#missing = new MissingCells(options.missing);
  }

  begin(dialect: Dialect): void {
    this.delimiter = dialect.delimiter;
    this.#isJson = dialect.kind === "jsonLines";
  }

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
    if (this.#builder !== undefined) this.#builder.add(cells, line);
    else {
      this.#waiting.push({ cells: [...cells], line });
      if (this.#waiting.length >= SAMPLE_ROWS) this.#plan();
    }
  }

  /** Makes the plan from the rows that wait, and takes them. */
  #plan(): TableBuilder {
    const records = this.#waiting.map(({ cells }) => cells);
    const header = this.#isJson
      ? { names: records[0] ?? [], isNamed: true, units: [], records: 1, notes: [] }
      : findHeader(this.file, records, this.options);
    this.#header = header;
    this.isNamed = header.isNamed;
    const rows = records.slice(header.records);
    if (rows.length === 0) {
      throw new InputError(`${this.file} has no rows of data${header.isNamed ? " after its header" : ""}.`);
    }
    if (!this.#isJson) this.#checkCommas(header, rows);
    const sample = header.names.map((name, index) => ({
      index,
      name,
      cells: [...rows.flatMap((row) => row[index] ?? []), ...(this.#evidence.get(index) ?? [])],
    }));
    this.#sample = sample;
    const plan = planFile(this.file, header, sample, this.options, {
      delimiter: this.delimiter,
      missing: this.#missing,
    });
    const builder = new TableBuilder(this.file, header, plan, {
      roles: this.options,
      missing: this.#missing,
      isFinal: this.#isFinal,
    });
    this.#builder = builder;
    for (const { cells, line } of this.#waiting.slice(header.records)) builder.add(cells, line);
    this.#waiting = [];
    return builder;
  }

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
    throw new InputError(
      `${this.file} has lines such as ${line}, which may be one number or two columns: --decimal , reads one number, --delimiter , two columns.`,
    );
  }
}

async function sampleOf(
  bytes: AsyncIterator<Buffer>,
): Promise<{ sample: Buffer; rest: AsyncIterable<Buffer> }> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < SAMPLE_BYTES; ) {
    const next = await bytes.next();
    if (next.done === true) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  return { sample: Buffer.concat(chunks), rest: prepend(chunks, bytes) };
}

/** The lines of a sample without the last one, which may be cut off. */
function wholeLines(bytes: Buffer): string {
  const text = bytes.toString("utf8", 0, SAMPLE_BYTES);
  const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"));
  return bytes.length < SAMPLE_BYTES || end < 0 ? text : text.slice(0, end);
}

function explain(error: unknown, path: string, file: string): unknown {
  if (error instanceof InputError) return error;
  if (error instanceof CsvError) return new InputError(`${file}: ${error.message.replace(/\.?$/, ".")}`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new InputError(`There is no file ${path}.`);
  if (code === "EISDIR") return new InputError(`${path} is a folder, not a data file.`);
  if (code === "EACCES") return new InputError(`${path} cannot be read: permission is denied.`);
  if (code.startsWith("Z_")) return new InputError(`${file} is damaged: it cannot be gunzipped.`);
  if (code.startsWith("ZSTD_")) return new InputError(`${file} is damaged: it cannot be decompressed.`);
  return error;
}
