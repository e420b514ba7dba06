/** Parquet files as records, like those of a text: a cell is the value as a program would write it. */
import { open } from "node:fs/promises";
import { decompress } from "fzstd";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError } from "../errors.js";
import type { Layout } from "./file-reader.js";
import type { LeftOut } from "./header.js";
import { type CellWriter, cellWriter, PARSERS } from "./parquet-cells.js";
import { excessOf, LIMITS_IN_MEMORY, LIMITS_OF_FILES } from "./parquet-pages.js";
import type { RecordTaker } from "./records.js";
import type { DataSource } from "./source.js";

/** How many rows are decoded at once: a group of rows may have a million of them. */
const ROWS = 65_536;

/** Takes the records of a Parquet file: the names of its columns, then its rows. */
interface RecordReader {
  readonly begin: (layout: Layout) => void;
  readonly take: RecordTaker;
}

interface ReadFile {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
}

interface Column {
  readonly name: string;
  readonly isNumeric: boolean;
  readonly write: CellWriter;
}

const MARK_BYTES = 4;
/** What a file whose footer is encrypted begins with. */
const ENCRYPTED = "PARE";
const MARKS: ReadonlySet<string> = new Set(["PAR1", ENCRYPTED]);

/** Whether a file, or bytes that may be one, begin as Parquet does. */
export async function isParquet(source: DataSource): Promise<boolean> {
  return MARKS.has(await markOf(source));
}

/** Whether bytes begin as Parquet does. */
export function beginsAsParquet(bytes: Uint8Array): boolean {
  return MARKS.has(markOfBytes(bytes));
}

function markOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, MARK_BYTES)).toString("latin1");
}

async function markOf({ path, bytes }: DataSource): Promise<string> {
  if (bytes !== undefined) return markOfBytes(bytes);
  if (path === undefined) return "";
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Bytes as the library reads files. */
function asyncBufferOf(bytes: Uint8Array): AsyncBuffer {
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  return { byteLength: whole.byteLength, slice: (from, to) => whole.slice(from, to) };
}

/**
 * Reads a Parquet file, one part of a group of rows after the other, so that memory does not grow with the file. Columns
 * that are nested or hold bytes are left out.
 *
 * @throws InputError where it is damaged or encrypted, has no column that can be read, or says that it holds more than can
 *   be read.
 */
export async function readParquet(source: DataSource, reader: RecordReader): Promise<void> {
  const { name, path, bytes } = source;
  if ((await markOf(source)) === ENCRYPTED) refuseEncrypted(name);
  const file =
    bytes === undefined ? await reading(name, () => asyncBufferFromFile(path!)) : asyncBufferOf(bytes);
  const metadata = await reading(name, () => parquetMetadataAsync(file, { geoparquet: false }));
  const { columns, unread } = await reading(name, async () => columnsOf(metadata));
  if (columns.length === 0) {
    const reasons = unread.map((one) => `"${one.name}": ${one.reason}`).slice(0, 5);
    throw new InputError(`${name} has no column that can be read (${reasons.join("; ")}).`);
  }
  const names = columns.map((column) => column.name);
  const limits = bytes === undefined ? LIMITS_OF_FILES : LIMITS_IN_MEMORY;
  const excess = await reading(name, () => excessOf(file, metadata, names, limits));
  if (excess !== undefined) throw new InputError(`${name} is refused: ${excess}.`);
  const numeric = new Set(columns.filter(({ isNumeric }) => isNumeric).map((column) => column.name));
  reader.begin({ delimiter: ",", place: "row", fields: { numeric, unread } });
  reader.take(names, 0);
  let from = 0;
  for (const { num_rows } of metadata.row_groups) {
    const end = from + Number(num_rows);
    for (; from < end; from = Math.min(from + ROWS, end)) {
      const rows = await reading(name, () =>
        readRows({ file, metadata, columns: names }, from, Math.min(from + ROWS, end)),
      );
      rows.forEach((row, index) => {
        reader.take(
          columns.map(({ write }, column) => write(row[column])),
          from + index + 1,
        );
      });
    }
  }
}

/** With a bound on what a page becomes: the library's own grows with what comes. */
const boundedCompressors: Compressors = {
  ...compressors,
  ZSTD: (input, length) => decompress(input, new Uint8Array(length)),
};

async function readRows(
  { file, metadata, columns }: ReadFile,
  from: number,
  to: number,
): Promise<readonly (readonly unknown[])[]> {
  let rows: readonly (readonly unknown[])[] = [];
  await parquetRead({
    file,
    metadata,
    columns: [...columns],
    rowStart: from,
    rowEnd: to,
    compressors: boundedCompressors,
    parsers: PARSERS,
    geoparquet: false,
    useOffsetIndex: true,
    onComplete: (read) => {
      rows = read;
    },
  });
  if (rows.length !== to - from) throw new Error(`rows ${from} to ${to} are not all there`);
  return rows;
}

function columnsOf(metadata: FileMetaData): { columns: readonly Column[]; unread: readonly LeftOut[] } {
  const columns: Column[] = [];
  const unread: LeftOut[] = [];
  for (const { element, children } of parquetSchema(metadata).children) {
    const { name } = element;
    const isNested = children.length > 0 || element.repetition_type === "REPEATED";
    const write = isNested ? "it is nested (a list, map or struct)" : cellWriter(element);
    if (typeof write === "string") unread.push({ name, reason: write });
    else columns.push({ name, ...write });
  }
  return { columns, unread };
}

/** The result of a step; what the library throws, which may be anything, as a sentence. */
async function reading<Result>(name: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw error;
    const what = error instanceof Error ? error.message : String(error);
    if (/crypt/i.test(what)) refuseEncrypted(name);
    throw new InputError(
      `${name} is damaged: it cannot be read as Parquet (${what.replace(/[.\s]+$/, "")}).`,
    );
  }
}

function refuseEncrypted(name: string): never {
  throw new InputError(`${name} is encrypted, and encrypted Parquet cannot be read.`);
}
