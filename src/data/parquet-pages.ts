/**
 * Bounds what reading a Parquet file may take. Its pages say themselves how many values they hold and how long they are
 * when they are decompressed, and a few bytes can say gigabytes; so the pages' heads are looked through first.
 */
import { type AsyncBuffer, type ColumnChunk, type FileMetaData, readOffsetIndex } from "hyparquet";
import { CutOff, type PageHead, readPageHead } from "./parquet-page-head.js";

/** What a file may hold. */
export interface ParquetLimits {
  /** Rows times columns. */
  readonly values: number;
  /** Bytes of a page when it is decompressed. */
  readonly pageBytes: number;
  /** Values of a page, which is decoded as a whole, though repeated values take next to none of its bytes. */
  readonly pageValues: number;
}

const MIB = 1024 * 1024;
/**
 * Of bytes in memory, which come from elsewhere. By default, programs write a page of a megabyte, and groups of at most a
 * million rows.
 */
export const LIMITS_IN_MEMORY: ParquetLimits = { values: 16 * MIB, pageBytes: 64 * MIB, pageValues: MIB };
/** Of files. Some writers (fastparquet) put a whole column of a group of rows, by default 50 million, into one page. */
export const LIMITS_OF_FILES: ParquetLimits = {
  values: Number.POSITIVE_INFINITY,
  pageBytes: 512 * MIB,
  pageValues: Number.POSITIVE_INFINITY,
};

/** Bytes that are read for a head: it has some tens of them, and the least and the largest value of text as they are. */
const HEAD_BYTES = 64 * 1024;
const MOST_HEAD_BYTES = 16 * MIB;
const MOST_INDEX_BYTES = 64 * MIB;

/**
 * What is wrong with the sizes that a file says: the end of a sentence; undefined where nothing is.
 *
 * @param columns the names of those that are read, which are not nested.
 * @throws RangeError where a page's head, or the index of pages, is none.
 */
export async function excessOf(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
  limits: ParquetLimits,
): Promise<string | undefined> {
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (!(rows * columns.length <= limits.values)) {
    if (Number.isNaN(rows)) return "it does not say how many rows it has";
    return `it has ${rows} rows of ${columns.length} columns, and up to ${limits.values} values can be read here`;
  }
  const names = new Set(columns);
  for (const { columns: chunks, num_rows: groupRows } of metadata.row_groups) {
    for (const chunk of chunks) {
      if (!names.has(chunk.meta_data?.path_in_schema[0] ?? "")) continue;
      const excess = await excessOfColumn(file, chunk, Number(groupRows), limits);
      if (excess !== undefined) return excess;
    }
  }
  return undefined;
}

async function excessOfColumn(
  file: AsyncBuffer,
  chunk: ColumnChunk,
  groupRows: number,
  { pageBytes, pageValues }: ParquetLimits,
): Promise<string | undefined> {
  const { dictionary_page_offset, data_page_offset, total_compressed_size } = chunk.meta_data!;
  const from = Number(dictionary_page_offset || data_page_offset);
  const to = from + Number(total_compressed_size);
  if (!(from >= 0 && from <= to && to <= file.byteLength)) return "a column lies outside of it";
  const heads = new Heads(file, to, pageBytes);
  const pages = new Set<number>();
  for (let at = from; at < to - 1; ) {
    const { length, uncompressed, compressed, values } = await heads.at(at);
    if (uncompressed > pageBytes) return `a page has more than ${pageBytes} bytes`;
    if (values > pageValues) {
      return `a page has ${values} values, and one of up to ${pageValues} can be read here`;
    }
    if (values > groupRows) return "a page has more values than its group of rows has rows";
    pages.add(at);
    at += length + compressed;
  }
  return excessOfIndex(file, chunk, pages, to);
}

/** An index says where pages are, so that some can be read alone: they have to be among those that were looked through. */
async function excessOfIndex(
  file: AsyncBuffer,
  { offset_index_offset: offset, offset_index_length: length }: ColumnChunk,
  pages: ReadonlySet<number>,
  end: number,
): Promise<string | undefined> {
  if (!offset || !length) return undefined;
  const from = Number(offset);
  if (!(from >= 0 && length > 0 && length <= MOST_INDEX_BYTES && from + length <= file.byteLength)) {
    return "the index of its pages lies outside of it";
  }
  const view = new DataView(await file.slice(from, from + length));
  const isThere = readOffsetIndex({ view, offset: 0 }).page_locations.every(
    (page) =>
      pages.has(Number(page.offset)) &&
      page.compressed_page_size >= 0 &&
      Number(page.offset) + page.compressed_page_size <= end,
  );
  return isThere ? undefined : "the index of its pages names one that is not there";
}

/** The heads of a column's pages, of which some are read at once where pages are short. */
class Heads {
  readonly #file: AsyncBuffer;
  readonly #end: number;
  readonly #mostLevels: number;
  #bytes = new Uint8Array();
  #from = 0;

  constructor(file: AsyncBuffer, end: number, mostLevels: number) {
    this.#file = file;
    this.#end = end;
    this.#mostLevels = mostLevels;
  }

  async at(at: number): Promise<PageHead> {
    const known = this.#bytes.subarray(Math.max(0, at - this.#from));
    if (at >= this.#from && known.length > 0) {
      const head = this.#read(known, this.#from + this.#bytes.length < this.#end);
      if (head !== undefined) return head;
    }
    for (let bytes = HEAD_BYTES; ; bytes *= 16) {
      const to = Math.min(this.#end, at + bytes);
      this.#bytes = new Uint8Array(await this.#file.slice(at, to));
      this.#from = at;
      const head = this.#read(this.#bytes, to < this.#end && bytes < MOST_HEAD_BYTES);
      if (head !== undefined) return head;
    }
  }

  /** Undefined where the head is cut off and more bytes may hold the rest of it. */
  #read(bytes: Uint8Array, isMore: boolean): PageHead | undefined {
    try {
      return readPageHead(bytes, this.#mostLevels);
    } catch (error) {
      if (isMore && error instanceof CutOff) return undefined;
      throw error;
    }
  }
}
