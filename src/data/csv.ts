/** Delimited text files, gzipped or not, read as a stream into columns of numbers. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { CsvError, parse } from "csv-parse";
import { InputError } from "../errors.js";
import { parseReading } from "./cell.js";
import { BLANKS, detectDelimiter } from "./delimiter.js";
import { type ColumnRoles, type RowRange, type Table, TableBuilder } from "./table.js";
import { parseDateTime } from "./timestamp.js";

/** How a file is read. */
export interface CsvOptions extends ColumnRoles {
  /** One character; found from the first lines where it is undefined. */
  readonly delimiter?: string | undefined;
  /** Whether the first line names the columns; found from that line where it is undefined. */
  readonly header?: boolean | undefined;
  readonly rows?: RowRange | undefined;
}

/** A file that was read. */
export interface CsvFile extends Table {
  /** sha256, in hex, of the file as it stands on disk. */
  readonly sha256: string;
  readonly delimiter: string;
  readonly header: boolean;
}

/** How much of a file the delimiter is found from. */
const SAMPLE_BYTES = 65_536;

/**
 * Reads one file: any one-character delimiter, LF or CRLF, quotes, a byte order mark, gzip (recognised by its first
 * bytes). The first line is the header unless `header` is false, or it is undefined and the line holds only numbers
 * and times; columns without a header are named c0, c1, ...
 *
 * Empty lines are skipped; in a file of one column an empty line between others is a missing reading.
 * Throws InputError, naming file, line and column, where a cell cannot be read.
 */
export async function readCsv(path: string, options: CsvOptions = {}): Promise<CsvFile> {
  const file = basename(path);
  const hash = createHash("sha256");
  try {
    const bytes = await openText(path, hash);
    const { sample, rest } = await sampleOf(bytes);
    if (
      sample.length >= 2 &&
      ((sample[0] === 0xff && sample[1] === 0xfe) || (sample[0] === 0xfe && sample[1] === 0xff))
    ) {
      throw new InputError(`${file} is written in UTF-16; save it as UTF-8.`);
    }
    const delimiter = options.delimiter ?? detectDelimiter(wholeLines(sample));
    const reader = new RecordReader(file, delimiter, options);
    const parser = parse({
      bom: true,
      trim: true,
      delimiter: delimiter === BLANKS ? " " : delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      // Guards memory where a quote is never closed.
      max_record_size: 1 << 24,
      // Rows go straight into columns: the parser keeps none of them.
      on_record: (cells: string[], { lines }) => {
        reader.read(cells, lines);
        return null;
      },
    });
    parser.resume();
    await pipeline(Readable.from(rest, { objectMode: false }), parser);
    const table = reader.finish();
    return { ...table, sha256: hash.digest("hex"), delimiter, header: reader.header };
  } catch (error) {
    throw explain(error, path, file);
  }
}

/** Takes the records of the parser: the header first, then rows. */
class RecordReader {
  header = false;
  readonly #file: string;
  readonly #blanks: boolean;
  readonly #options: CsvOptions;
  #names: string[] | undefined;
  #builder: TableBuilder | undefined;
  #emptyLines: number[] = [];
  #lastLine = 0;
  #countedTwice = 0;

  constructor(file: string, delimiter: string, options: CsvOptions) {
    this.#file = file;
    this.#blanks = delimiter === BLANKS;
    this.#options = options;
  }

  /** @param parserLine the line that the record ends in, as the parser counts: it counts a CRLF within quotes twice. */
  read(record: readonly string[], parserLine: number): void {
    if (parserLine > this.#lastLine + 1) {
      this.#countedTwice += record.reduce((sum, cell) => sum + cell.split("\r\n").length - 1, 0);
    }
    this.#lastLine = parserLine;
    const line = parserLine - this.#countedTwice;
    const cells = this.#blanks ? record.filter((cell) => cell !== "") : record;
    if (cells.length === 0 || (cells.length === 1 && cells[0] === "")) {
      this.#emptyLines.push(line);
      return;
    }
    if (this.#names === undefined) {
      this.#emptyLines = [];
      this.header = this.#options.header ?? !isData(cells);
      this.#names = this.header ? checkedNames(this.#file, cells) : cells.map((_, index) => `c${index}`);
      if (this.header) return;
    }
    this.#builder ??= new TableBuilder(
      this.#file,
      this.#names,
      this.header,
      cells,
      this.#options,
      this.#options.rows,
    );
    if (this.#names.length === 1) for (const empty of this.#emptyLines) this.#builder.add([""], empty);
    this.#emptyLines = [];
    this.#builder.add(cells, line);
  }

  finish(): Table {
    if (this.#builder === undefined) {
      throw new InputError(`${this.#file} has no rows of data${this.header ? " after its header" : ""}.`);
    }
    return this.#builder.finish();
  }
}

/** Whether a first line is data, not names: every cell a number, a time or missing, and not all of them missing. */
function isData(cells: readonly string[]): boolean {
  return (
    cells.every((cell) => parseReading(cell) !== undefined || parseDateTime(cell) !== undefined) &&
    cells.some((cell) => !Number.isNaN(parseReading(cell)))
  );
}

function checkedNames(file: string, names: readonly string[]): string[] {
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (twice !== undefined) throw new InputError(`${file} has two columns named "${twice}".`);
  return [...names];
}

/** The bytes of a file, decompressed where they are gzip. The hash takes the bytes as they are on disk. */
async function openText(path: string, hash: Hash): Promise<AsyncIterator<Buffer>> {
  const raw = createReadStream(path)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const hashed = (async function* () {
    for (let next = await raw.next(); next.done !== true; next = await raw.next()) {
      hash.update(next.value);
      yield next.value;
    }
  })();
  const first = await hashed.next();
  if (first.done === true) return hashed;
  const whole = prepend([first.value], hashed);
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) return whole;
  const gunzip = createGunzip();
  const source = Readable.from(whole, { objectMode: false });
  source.once("error", (error) => gunzip.destroy(error));
  return source.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
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

async function* prepend(
  chunks: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* chunks;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** The lines of a sample without the last one, which may be cut off. */
function wholeLines(sample: Buffer): string {
  const text = sample.toString("utf8");
  const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"));
  return sample.length < SAMPLE_BYTES || end < 0 ? text : text.slice(0, end);
}

function explain(error: unknown, path: string, file: string): unknown {
  if (error instanceof InputError) return error;
  if (error instanceof CsvError) return new InputError(`${file}: ${error.message.replace(/\.?$/, ".")}`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new InputError(`There is no file ${path}.`);
  if (code === "EISDIR") return new InputError(`${path} is a folder, not a data file.`);
  if (code === "EACCES") return new InputError(`${path} cannot be read: permission is denied.`);
  if (code.startsWith("Z_")) return new InputError(`${file} is damaged: it cannot be gunzipped.`);
  return error;
}
