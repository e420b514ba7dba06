/** Parquet files as records, like those of a text: a cell is the value as a program would write it. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import {
  asyncBufferFromFile,
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
import type { RecordTaker } from "./records.js";

/** How many rows are decoded at once: a group of rows may have a million of them. */
const ROWS = 65_536;

/** Takes the records of a Parquet file: the names of its columns, then its rows. */
interface RecordReader {
  readonly begin: (layout: Layout) => void;
  readonly take: RecordTaker;
}

interface Column {
  readonly name: string;
  readonly isNumeric: boolean;
  readonly write: CellWriter;
}

/** Whether a file begins as Parquet does. */
export async function isParquet(path: string): Promise<boolean> {
  const magic = await magicOf(path);
  return magic === "PAR1" || magic === ENCRYPTED;
}

/** What a file whose footer is encrypted begins with. */
const ENCRYPTED = "PARE";

async function magicOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Reads a Parquet file, one part of a group of rows after the other, so that memory does not grow with the file. Columns
 * that are nested or hold bytes are left out.
 *
 * @throws InputError where it is damaged or encrypted, or has no column that can be read.
 */
export async function readParquet(path: string, reader: RecordReader): Promise<void> {
  const name = basename(path);
  if ((await magicOf(path)) === ENCRYPTED) refuseEncrypted(name);
  const file = await reading(name, () => asyncBufferFromFile(path));
  const metadata = await reading(name, () => parquetMetadataAsync(file, { geoparquet: false }));
  const { columns, unread } = columnsOf(metadata);
  if (columns.length === 0) {
    const reasons = unread.map((one) => `"${one.name}": ${one.reason}`).slice(0, 5);
    throw new InputError(`${name} has no column that can be read (${reasons.join("; ")}).`);
  }
  const numeric = new Set(columns.filter(({ isNumeric }) => isNumeric).map((column) => column.name));
  reader.begin({ delimiter: ",", place: "row", fields: { numeric, unread } });
  const names = columns.map((column) => column.name);
  reader.take(names, 0);
  let from = 0;
  for (const { num_rows } of metadata.row_groups) {
    const end = from + Number(num_rows);
    for (; from < end; from = Math.min(from + ROWS, end)) {
      const rows = await reading(name, () =>
        readRows(file, metadata, names, { from, to: Math.min(from + ROWS, end) }),
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

async function readRows(
  file: Awaited<ReturnType<typeof asyncBufferFromFile>>,
  metadata: FileMetaData,
  columns: string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly (readonly unknown[])[]> {
  let rows: readonly (readonly unknown[])[] = [];
  await parquetRead({
    file,
    metadata,
    columns,
    rowStart: from,
    rowEnd: to,
    compressors,
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
