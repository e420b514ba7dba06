/**
 * Data files, read as a stream into columns of numbers:
 *
 *   bytes -> text (encoding) -> layout (dialect) -> records -> header -> plan of the columns -> table
 *
 * The records of a Parquet file come from its columns instead. The plan is made from the first rows. Where a later row
 * shows that it was wrong (all times were ambiguous until then, or numbers had no thousands), the file is read again with
 * that row in view.
 */
import { createHash, type Hash } from "node:crypto";
import { CsvError } from "csv-parse";
import { InputError } from "../errors.js";
import { detectDialect } from "./dialect.js";
import { type Encoding, NotUtf8, openText, prepend } from "./encoding.js";
import { type FileOptions, FileReader } from "./file-reader.js";
import { pivot } from "./long-table.js";
import { isParquet, readParquet } from "./parquet.js";
import { readDelimited, readJsonLines } from "./records.js";
import { type DataSource, fileSource } from "./source.js";
import type { Table } from "./table-form.js";

export type { FileOptions } from "./file-reader.js";

/** A file that was read. */
export interface DataFile extends Table {
  /** sha256, in hex, of the file as it stands on disk. */
  readonly sha256: string;
  readonly delimiter: string;
  readonly header: boolean;
}

/** How much of a file the layout is found from. */
const SAMPLE_BYTES = 65_536;
/** How often a file is read again at most. */
const MOST_READS = 3;

/**
 * Reads one file: any one-character delimiter, LF or CRLF, quotes, UTF-8, UTF-16 or Windows-1252, gzip or zstd; or
 * JSON lines; or Parquet. Lines before the header are passed over. The first line is the header unless `header` is
 * false, or it is undefined and the line holds only numbers and times; columns without a header are named c0, c1, ...
 *
 * Empty lines are skipped; in a file of one column an empty line between others is a missing reading.
 *
 * @throws InputError, naming file, line and column, where a cell cannot be read.
 */
export async function readDataFile(from: string | DataSource, options: FileOptions = {}): Promise<DataFile> {
  const source = typeof from === "string" ? fileSource(from) : from;
  const file = source.name;
  /** By column, the cells that showed a plan to be wrong. */
  const evidence = new Map<number, string[]>();
  let encoding: Encoding | undefined;
  let isFinal = false;
  for (let reads = 1; ; reads++) {
    const hash = createHash("sha256");
    try {
      const reader = new FileReader(file, options, evidence, isFinal || reads >= MOST_READS);
      const table = await readOnce(source, hash, encoding, reader);
      isFinal = !reader.hasNewEvidence;
      if (table === undefined) continue;
      const whole = table.tags === undefined ? table : pivot(table, options.columns);
      return { ...whole, sha256: hash.digest("hex"), delimiter: reader.delimiter, header: reader.isNamed };
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw explain(error, source.path ?? file, file);
      encoding = "windows-1252";
      evidence.clear();
      reads = 0;
    }
  }
}

/** @returns undefined where the file has to be read again. */
async function readOnce(
  source: DataSource,
  hash: Hash,
  encoding: Encoding | undefined,
  reader: FileReader,
): Promise<Table | undefined> {
  if (await isParquet(source)) {
    await hashAll(source, hash);
    await readParquet(source, reader);
    return reader.finish(true, []);
  }
  const { chunks } = await openText(source, hash, encoding);
  try {
    const { sample, whole } = await sampleOf(chunks);
    const other = otherForm(sample);
    if (other !== undefined) throw new InputError(`${reader.file} is ${other}.`);
    const dialect = detectDialect(wholeLines(sample), reader.options);
    if (dialect.kind === "jsonArray") {
      throw new InputError(
        `${reader.file} is one JSON array; JSON is read as an object a line (jq -c '.[]').`,
      );
    }
    if (dialect.kind === "jsonRows") {
      throw new InputError(
        `${reader.file} has a JSON array in each line, whose values have no names; JSON is read as an object a line, with the names of the columns (jq -c '{time: .[0], temp: .[1]}').`,
      );
    }
    const isJson = dialect.kind === "jsonLines";
    const fields = isJson ? { numeric: new Set<string>(), unread: [] } : undefined;
    reader.begin({ delimiter: dialect.delimiter, place: "line", fields });
    const end = isJson
      ? await readJsonLines(whole, reader.file, reader.take)
      : await readDelimited(whole, dialect, reader.take);
    return reader.finish(end.isLineEnd, end.notes);
  } finally {
    // A file that is not read to its end is closed now, not when it is collected.
    await chunks.return(undefined);
  }
}

/** What files that are no table begin with, where their bytes are read as Windows-1252, and what can be done. */
const OTHER_FORMS: readonly (readonly [begin: string, what: string])[] = [
  ["PK\u0003\u0004", "a ZIP archive, as an .xlsx workbook is: save its sheet as CSV"],
  [
    "\u00d0\u00cf\u0011\u00e0",
    "a file of Office before 2007, such as an .xls workbook: save its sheet as CSV",
  ],
  ["SQLite format 3", "a database of SQLite: export its table as CSV"],
  ["\u2030HDF", "an HDF5 file: export its table as CSV or Parquet"],
  ["ARROW1", "a file of Arrow (Feather): export it as Parquet or CSV"],
  ["<!DOCTYPE", "a page of HTML: it may be a message of the server that was asked for the data"],
  ["<html", "a page of HTML: it may be a message of the server that was asked for the data"],
  ["<?xml", "XML, as some programs save workbooks: save it as CSV"],
];

function otherForm(sample: Buffer): string | undefined {
  const begin = sample.toString("utf8", 0, 64).toLowerCase();
  return OTHER_FORMS.find(([mark]) => begin.startsWith(mark.toLowerCase()))?.[1];
}

async function hashAll(source: DataSource, hash: Hash): Promise<void> {
  for await (const chunk of source.open()) hash.update(chunk);
}

/** The first chunks, and all of them. */
async function sampleOf(
  bytes: AsyncGenerator<Buffer>,
): Promise<{ sample: Buffer; whole: AsyncIterable<Buffer> }> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < SAMPLE_BYTES; ) {
    const next = await bytes.next();
    if (next.done === true) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  return { sample: Buffer.concat(chunks), whole: prepend(chunks, bytes) };
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
  if (/^(Z|ZSTD)_/.test(code)) return new InputError(`${file} is damaged: it cannot be decompressed.`);
  return error;
}
