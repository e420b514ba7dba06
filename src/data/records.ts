/** The text of a data file as records: the cells of each line, with its number. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { InputError } from "../errors.js";
import { quoteCell } from "./cell.js";
import { BLANKS, type Dialect } from "./dialect.js";
import type { LeftOut } from "./header.js";

/** Takes the trimmed cells of a record, and the line in which it ends, counted from 1. */
export type RecordTaker = (cells: readonly string[], line: number) => void;

/** What the form of a file says of its columns. */
export interface Fields {
  /** The names of columns of numbers, whose cells are written as programs write them. */
  readonly numeric: ReadonlySet<string>;
  /** Columns that cannot be read, and why. */
  readonly unread: readonly LeftOut[];
}

/** What is known at the end of the text. */
export interface TextEnd {
  /** Whether the text ends with a line feed; where it does not, the last line may be cut off. */
  readonly isLineEnd: boolean;
  readonly notes: readonly string[];
}

/** Reads delimited text. @throws CsvError where quotes are not closed. */
export async function readDelimited(
  chunks: AsyncIterable<Buffer>,
  dialect: Dialect,
  take: RecordTaker,
): Promise<TextEnd> {
  const isBlanks = dialect.delimiter === BLANKS;
  let lastByte: number | undefined;
  let lastLine = 0;
  let countedTwice = 0;
  const onRecord = (record: string[], parserLine: number): void => {
    // The parser counts a CRLF within quotes twice.
    if (parserLine > lastLine + 1) {
      countedTwice += record.reduce((sum, cell) => sum + cell.split("\r\n").length - 1, 0);
    }
    lastLine = parserLine;
    const cells = isBlanks ? record.filter((cell) => cell !== "") : record;
    take(cells, parserLine - countedTwice + dialect.skipLines);
  };
  const parser = parse({
    trim: true,
    delimiter: isBlanks ? [" ", "\t"] : dialect.delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
    ...(dialect.hasComments ? { comment: "#", comment_no_infix: true } : {}),
    // Guards memory where a quote is never closed.
    max_record_size: 1 << 24,
    // Rows go straight into columns: the parser keeps none of them.
    on_record: (record: string[], { lines }) => {
      onRecord(record, lines);
      return null;
    },
  });
  parser.resume();
  const watched = (async function* () {
    for await (const chunk of skipLines(chunks, dialect.skipLines)) {
      lastByte = chunk.at(-1) ?? lastByte;
      yield chunk;
    }
  })();
  await pipeline(Readable.from(watched, { objectMode: false }), parser);
  return { isLineEnd: lastByte === 10 || lastByte === 13, notes: [] };
}

async function* skipLines(
  chunks: AsyncIterable<Buffer>,
  count: number,
): AsyncGenerator<Buffer, void, undefined> {
  let left = count;
  let wasReturn = false;
  for await (const chunk of chunks) {
    let from = 0;
    for (; left > 0 && from < chunk.length; from++) {
      const byte = chunk[from];
      if (byte === 13 || (byte === 10 && !wasReturn)) left--;
      wasReturn = byte === 13;
    }
    if (left > 0) continue;
    // The line feed of the last CRLF that was skipped.
    if (from > 0 || wasReturn) {
      if (wasReturn && chunk[from] === 10) from++;
      if (from < chunk.length) wasReturn = false;
    }
    if (from < chunk.length) yield from === 0 ? chunk : chunk.subarray(from);
  }
}

/** How many objects the names of the columns are found from. */
const SAMPLE_OBJECTS = 2000;
/**
 * Every line becomes a row of all names. A cell that is there takes six characters and more, so of so many cells for each
 * character nearly all are missing: a name of its own in each line, which is no table.
 */
const MOST_CELLS_PER_CHARACTER = 2;
const ALWAYS_CELLS = 10_000_000;

/**
 * Reads JSON lines: an object a line, whose names are the columns. The first record that is taken has the names.
 *
 * @param file its name, for errors.
 */
export async function readJsonLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
  take: RecordTaker,
): Promise<TextEnd> {
  const lines = createInterface({
    input: Readable.from(chunks, { objectMode: false }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  const waiting: { row: Record<string, unknown>; line: number }[] = [];
  let names: readonly string[] | undefined;
  let known: ReadonlySet<string> = new Set();
  const unknown = new Set<string>();
  const notes: string[] = [];
  let fault: { text: string; line: number } | undefined;
  let line = 0;
  let characters = 0;
  let cells = 0;
  const takeRow = (row: Record<string, unknown>, at: number, all: readonly string[]): void => {
    cells += all.length;
    if (cells > ALWAYS_CELLS + MOST_CELLS_PER_CHARACTER * characters) {
      throw new InputError(
        `${file}: its lines have ${all.length} different names, and nearly all are missing in each line; every line has to have the names of the columns.`,
      );
    }
    take(cellsOf(row, all), at);
  };
  const flush = (): void => {
    if (names !== undefined) return;
    known = new Set(waiting.flatMap(({ row }) => Object.keys(row)));
    names = [...known];
    take(names, waiting[0]?.line ?? 1);
    for (const one of waiting) takeRow(one.row, one.line, names);
  };
  for await (const text of lines) {
    line++;
    characters += text.length;
    if (text.trim() === "") continue;
    if (fault !== undefined) refuseLine(file, fault);
    const row = parseObject(text);
    if (row === undefined) {
      fault = { text, line };
      continue;
    }
    if (names === undefined) {
      waiting.push({ row, line });
      if (waiting.length === SAMPLE_OBJECTS) flush();
      continue;
    }
    for (const name in row) if (!known.has(name)) unknown.add(name);
    takeRow(row, line, names);
  }
  if (fault !== undefined) {
    if (fault.text.trimEnd().endsWith("}")) refuseLine(file, fault);
    notes.push(`${file}: the last line is cut off and left out (line ${fault.line}).`);
  }
  flush();
  for (const name of unknown) {
    notes.push(`${file}: "${name}" is left out: it is not in the first ${SAMPLE_OBJECTS} lines.`);
  }
  return { isLineEnd: true, notes };
}

function refuseLine(file: string, { text, line }: { text: string; line: number }): never {
  throw new InputError(
    `${file} line ${line}: ${quoteCell(text)} is not a JSON object${notFiniteHint(text)}.`,
  );
}

/** Python's `json.dumps` and others write these, where they should refuse to. */
const NOT_FINITE = /(?<![\w"])-?(?:NaN|Infinity|nan|inf|None)(?![\w"])/;

/** For a line that is not JSON: what to send for a number that JSON does not have. */
export function notFiniteHint(text: string): string {
  const word = NOT_FINITE.exec(text)?.[0];
  return word === undefined ? "" : `; ${word} is not JSON: send null for a missing reading`;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function cellsOf(row: Record<string, unknown>, names: readonly string[]): string[] {
  return names.map((name) => {
    const value = row[name];
    if (value === undefined || value === null) return "";
    if (typeof value === "string") return value.trim();
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}
