/**
 * The heads of the pages of Parquet files, which say how large the pages are.
 * The format is https://github.com/apache/parquet-format, its heads are structs of Thrift's compact protocol.
 */

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

export interface PageHead {
  /** Bytes of the head itself. */
  readonly length: number;
  /** Bytes of the page behind it, decompressed and as it stands. */
  readonly uncompressed: number;
  readonly compressed: number;
  readonly values: number;
}

/**
 * The head of the page that bytes begin with. Of a field that is there twice, the larger value counts.
 *
 * @param mostLevels bytes that a page may have to say which of its values are there.
 * @throws CutOff where the bytes end within it. @throws RangeError where it is none.
 */
export function readPageHead(bytes: Uint8Array, mostLevels: number): PageHead {
  return new HeadReader(bytes).page(mostLevels);
}

/** The bytes end within a head. */
export class CutOff extends RangeError {
  constructor() {
    super("its pages are cut off");
  }
}

class HeadReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  page(mostLevels: number): PageHead {
    const page = { uncompressed: 0, compressed: 0, values: 0 };
    const levels = new Set<number>();
    let isVersion2 = false;
    const sizeOf = (value: number | undefined): number => {
      // With a size that is no number, or goes back, the same bytes would be read again and again.
      if (value === undefined || value < 0) throw new RangeError("a page has a size that is none");
      return value;
    };
    const note = (size: keyof typeof page, value: number | undefined): void => {
      page[size] = Math.max(page[size], sizeOf(value));
    };
    this.#struct((field, value, parent) => {
      if (parent === undefined && field === UNCOMPRESSED) note("uncompressed", value);
      if (parent === undefined && field === COMPRESSED) note("compressed", value);
      if (parent !== undefined && HEADS_OF_KINDS.has(parent) && field === VALUES) note("values", value);
      if (parent !== HEAD_OF_VERSION_2) return;
      isVersion2 = true;
      if (LEVELS.has(field) && sizeOf(value) <= mostLevels) levels.add(field);
    });
    if (isVersion2 && levels.size < LEVELS.size)
      throw new RangeError("a page does not say where its values begin");
    return { ...page, length: this.#at };
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
      case TYPE.binary: {
        const length = this.#varint();
        this.#at += length;
        return 0;
      }
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
    if (byte === undefined) throw new CutOff();
    return byte;
  }
}
