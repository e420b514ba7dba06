/**
 * Reads a stream of Apache Arrow (https://arrow.apache.org/docs/format/Columnar.html) as far as the service writes it:
 * columns of doubles and booleans, and metadata of the schema and of batches. A message is a flatbuffer
 * (https://flatbuffers.dev/internals), whose members are at the places of Message.fbs and Schema.fbs.
 */

/** A column: NaN, or -1 in a column of booleans, where there is no value. */
export interface ArrowColumn {
  readonly name: string;
  readonly values: Float64Array | Int8Array;
}

export interface ArrowTable {
  readonly rows: number;
  readonly columns: readonly ArrowColumn[];
  /** Of the schema, and of all batches. */
  readonly metadata: ReadonlyMap<string, string>;
}

const SCHEMA = 1;
const RECORD_BATCH = 3;
const BOOL = 6;
const CONTINUES = 0xffffffff;

/** @throws Error where the bytes end before the stream does. */
export function readArrowStream(bytes: Uint8Array<ArrayBuffer>): ArrowTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const metadata = new Map<string, string>();
  let fields: { readonly name: string; readonly isBool: boolean }[] = [];
  const batches: { readonly rows: number; readonly columns: ArrowColumn["values"][] }[] = [];
  for (let at = 0; ; ) {
    if (at + 8 > bytes.length || view.getUint32(at, true) !== CONTINUES) {
      throw new Error("The service's answer is cut off.");
    }
    const length = view.getUint32(at + 4, true);
    if (length === 0) break;
    const message = Table.root(view, at + 8);
    const body = at + 8 + length;
    const header = message.table(2)!;
    readMetadata(message, 4, metadata);
    if (message.byte(1) === SCHEMA) {
      readMetadata(header, 2, metadata);
      fields = header.tables(1).map((field) => ({ name: field.text(0), isBool: field.byte(2) === BOOL }));
    } else if (message.byte(1) === RECORD_BATCH) {
      const rows = header.long(0);
      const buffers = header.pairs(2);
      const columns = fields.map(({ isBool }, index) => {
        const [validity, values] = [buffers[2 * index]!, buffers[2 * index + 1]!];
        const isThere = validity[1] === 0 ? () => true : bitAt(bytes, body + validity[0]);
        return isBool
          ? readBooleans(rows, isThere, bitAt(bytes, body + values[0]))
          : readDoubles(bytes, body + values[0], rows, isThere);
      });
      batches.push({ rows, columns });
    }
    at = body + message.long(3);
  }
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return {
    rows,
    metadata,
    columns: fields.map(({ name, isBool }, index) => {
      const values = isBool ? new Int8Array(rows) : new Float64Array(rows);
      let row = 0;
      for (const batch of batches) {
        values.set(batch.columns[index]!, row);
        row += batch.rows;
      }
      return { name, values };
    }),
  };
}

function readMetadata(table: Table, place: number, into: Map<string, string>): void {
  for (const entry of table.tables(place)) into.set(entry.text(0), entry.text(1));
}

/** The bits from a place on, the lowest of a byte first. */
function bitAt(bytes: Uint8Array, at: number): (row: number) => boolean {
  return (row) => ((bytes[at + (row >> 3)]! >> (row & 7)) & 1) === 1;
}

function readBooleans(
  rows: number,
  isThere: (row: number) => boolean,
  isTrue: (row: number) => boolean,
): Int8Array {
  return Int8Array.from({ length: rows }, (_, row) => (isThere(row) ? Number(isTrue(row)) : -1));
}

function readDoubles(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  rows: number,
  isThere: (row: number) => boolean,
): Float64Array {
  // The copy begins where doubles may begin.
  const values = new Float64Array(bytes.slice(at, at + 8 * rows).buffer);
  for (let row = 0; row < rows; row++) if (!isThere(row)) values[row] = Number.NaN;
  return values;
}

/** A table of a flatbuffer: members by their place; those that are not there are empty. */
class Table {
  readonly #view: DataView;
  readonly #at: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  static root(view: DataView, at: number): Table {
    return new Table(view, at + view.getUint32(at, true));
  }

  byte(place: number): number {
    const at = this.#member(place);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  long(place: number): number {
    const at = this.#member(place);
    return at === undefined ? 0 : Number(this.#view.getBigInt64(at, true));
  }

  text(place: number): string {
    const at = this.#target(place);
    if (at === undefined) return "";
    const { buffer, byteOffset } = this.#view;
    return new TextDecoder().decode(
      new Uint8Array(buffer, byteOffset + at + 4, this.#view.getUint32(at, true)),
    );
  }

  table(place: number): Table | undefined {
    const at = this.#target(place);
    return at === undefined ? undefined : new Table(this.#view, at);
  }

  tables(place: number): Table[] {
    return this.#items(place, 4).map((at) => Table.root(this.#view, at));
  }

  /** Structs of two numbers of 64 bits. */
  pairs(place: number): (readonly [number, number])[] {
    const longAt = (at: number) => Number(this.#view.getBigInt64(at, true));
    return this.#items(place, 16).map((at) => [longAt(at), longAt(at + 8)]);
  }

  /** Where the items of a vector are. */
  #items(place: number, size: number): number[] {
    const at = this.#target(place);
    if (at === undefined) return [];
    return Array.from({ length: this.#view.getUint32(at, true) }, (_, i) => at + 4 + i * size);
  }

  #target(place: number): number | undefined {
    const at = this.#member(place);
    return at === undefined ? undefined : at + this.#view.getUint32(at, true);
  }

  #member(place: number): number | undefined {
    const places = this.#at - this.#view.getInt32(this.#at, true);
    const entry = 4 + 2 * place;
    if (entry >= this.#view.getUint16(places, true)) return undefined;
    const offset = this.#view.getUint16(places + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}
