/**
 * Bounds what reading a Parquet file from elsewhere may take. Its pages say themselves how many values they hold and how
 * long they are when they are decompressed, and a few bytes can say gigabytes; so the pages' heads are looked through first.
 * The format is https://github.com/apache/parquet-format, its heads are structs of Thrift's compact protocol.
 */
import type { FileMetaData } from "hyparquet";

/** A page has a megabyte by default. */
const MOST_PAGE_BYTES = 64 * 1024 * 1024;
const MOST_VALUES = 16 * 1024 * 1024;
/**
 * Of one page, which is decoded as a whole, though repeated values take next to none of its bytes. Programs write groups of
 * at most so many rows by default.
 */
const MOST_PAGE_VALUES = 1024 * 1024;

/** Types of fields in Thrift's compact protocol. */
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};
/** Fields of a page's head, and of the heads of pages of data (two versions) and of dictionaries that stand in it. */
const UNCOMPRESSED = 2;
const COMPRESSED = 3;
const HEAD_OF_VERSION_2 = 8;
const HEADS_OF_KINDS: ReadonlySet<number> = new Set([5, 7, HEAD_OF_VERSION_2]);
const VALUES = 1;
/** In a head of version 2: how many bytes say which values are there, and how lists begin. */
const LEVELS: ReadonlySet<number> = new Set([5, 6]);

/**
 * What is wrong with the sizes that a file says: the end of a sentence; undefined where nothing is.
 *
 * @param columns the names of those that are read, which are not nested.
 */
export function excessOf(
  bytes: Uint8Array,
  metadata: FileMetaData,
  columns: readonly string[],
): string | undefined {
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (!(rows * columns.length <= MOST_VALUES)) {
    return `it has ${rows} rows of ${columns.length} columns, and up to ${MOST_VALUES} values can be read here`;
  }
  const names = new Set(columns);
  for (const { columns: chunks, num_rows: groupRows } of metadata.row_groups) {
    for (const { meta_data: chunk } of chunks) {
      if (chunk === undefined || !names.has(chunk.path_in_schema[0] ?? "")) continue;
      const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
      const to = from + Number(chunk.total_compressed_size);
      if (!(from >= 0 && from <= to && to <= bytes.length)) return "a column lies outside of it";
      const reader = new HeadReader(bytes.subarray(from, to));
      while (!reader.isAtEnd) {
        const { uncompressed, compressed, values } = reader.page();
        if (uncompressed > MOST_PAGE_BYTES) return `a page has more than ${MOST_PAGE_BYTES} bytes`;
        if (values > MOST_PAGE_VALUES) {
          return `a page has ${values} values, and one of up to ${MOST_PAGE_VALUES} can be read here`;
        }
        if (values > Number(groupRows)) return "a page has more values than its group of rows has rows";
        reader.skip(compressed);
      }
    }
  }
  return undefined;
}

interface Page {
  readonly uncompressed: number;
  readonly compressed: number;
  readonly values: number;
}

class HeadReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length - 1;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** The head of a page. Throws RangeError where there is none. Of a field that is there twice, the larger value counts. */
  page(): Page {
    const page = { uncompressed: 0, compressed: 0, values: 0 };
    const levels = new Set<number>();
    let isVersion2 = false;
    const sizeOf = (value: number | undefined): number => {
      // With a size that is no number, or goes back, the same bytes would be read again and again.
      if (value === undefined || value < 0) throw new RangeError("a page has a size that is none");
      return value;
    };
    const note = (size: keyof Page, value: number | undefined): void => {
      page[size] = Math.max(page[size], sizeOf(value));
    };
    this.#struct((field, value, parent) => {
      if (parent === undefined && field === UNCOMPRESSED) note("uncompressed", value);
      if (parent === undefined && field === COMPRESSED) note("compressed", value);
      if (parent !== undefined && HEADS_OF_KINDS.has(parent) && field === VALUES) note("values", value);
      if (parent !== HEAD_OF_VERSION_2) return;
      isVersion2 = true;
      if (LEVELS.has(field) && sizeOf(value) <= MOST_PAGE_BYTES) levels.add(field);
    });
    if (isVersion2 && levels.size < LEVELS.size)
      throw new RangeError("a page does not say where its values begin");
    return page;
  }

  /** @param take gets 32-bit integers as numbers; undefined for any other value. */
  #struct(
    take: (field: number, value: number | undefined, parent: number | undefined) => void,
    parent?: number,
  ): void {
    for (let field = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === TYPE.stop) return;
      field = head >> 4 === 0 ? this.#zigZag() : field + (head >> 4);
      const own = field;
      if (type === TYPE.struct) this.#struct(parent === undefined ? take : () => undefined, own);
      else {
        const value = this.#value(type);
        take(own, type === TYPE.i32 ? value : undefined, parent);
      }
    }
  }

  /** Integers as numbers; 0 for anything else, which is stepped over. */
  #value(type: number): number {
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        return 0;
      case TYPE.byte:
        return this.#byte();
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return this.#zigZag();
      case TYPE.double:
        this.#at += 8;
        return 0;
      case TYPE.binary:
        this.#at += this.#varint();
        return 0;
      case TYPE.struct:
        this.#struct(() => undefined);
        return 0;
      case TYPE.list: {
        const head = this.#byte();
        const elements = head & 0x0f;
        const count = head >> 4 === 15 ? this.#varint() : head >> 4;
        const isFlags = elements === TYPE.true || elements === TYPE.false;
        for (let i = 0; i < count; i++) this.#value(isFlags ? TYPE.byte : elements);
        return 0;
      }
      default:
        throw new RangeError(`its head has a field of type ${type}`);
    }
  }

  #zigZag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 0x80) {
      const byte = this.#byte();
      value += (byte % 0x80) * shift;
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("its pages are cut off");
    return byte;
  }
}
