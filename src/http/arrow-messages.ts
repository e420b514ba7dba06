/**
 * The messages of Arrow's streaming format (https://arrow.apache.org/docs/format/Columnar.html), as far as a table of
 * numbers and booleans needs them. Places of members are those of Message.fbs and Schema.fbs.
 */
import { Builder } from "flatbuffers";

/** A column of a schema; each may have nulls. */
export interface ArrowField {
  readonly name: string;
  readonly type: "double" | "bool";
}

/** A column of a batch. */
export interface ArrowColumn {
  readonly nullCount: number;
  /** A bit for each row, the lowest first: 0 for null; empty where there is none. */
  readonly validity: Uint8Array;
  /** A double, or a bit, for each row. */
  readonly values: Uint8Array;
}

export type Metadata = readonly (readonly [key: string, value: string])[];

const VERSION_5 = 4;
const HEADERS = { schema: 1, recordBatch: 3 } as const;
const TYPES = { double: 3, bool: 6 } as const;
const DOUBLE_PRECISION = 2;
/** Buffers begin at multiples of this, as the format recommends. */
const ALIGNMENT = 64;

/** The end of a stream. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** The first message of a stream. */
export function schemaMessage(fields: readonly ArrowField[], metadata: Metadata): Uint8Array {
  const builder = new Builder(1024);
  const fieldsAt = offsets(
    builder,
    fields.map((field) => writeField(builder, field)),
  );
  const metadataAt = writeMetadata(builder, metadata);
  builder.startObject(4);
  builder.addFieldOffset(1, fieldsAt, 0);
  builder.addFieldOffset(2, metadataAt, 0);
  return encapsulate(builder, "schema", builder.endObject(), 0, []);
}

/** A message with rows, and the bytes of their columns. */
export function* batchMessage(
  rows: number,
  columns: readonly ArrowColumn[],
  metadata: Metadata,
): Generator<Uint8Array, void> {
  const builder = new Builder(1024);
  const buffers = columns.flatMap(({ validity, values }) => [validity, values]);
  const padded = buffers.map(({ length }) => Math.ceil(length / ALIGNMENT) * ALIGNMENT);
  const bodyLength = padded.reduce((sum, length) => sum + length, 0);
  let end = bodyLength;
  builder.startVector(16, buffers.length, 8);
  // Vectors are written from their end.
  for (let i = buffers.length - 1; i >= 0; i--) {
    end -= padded[i]!;
    writePair(builder, end, buffers[i]!.length);
  }
  const buffersAt = builder.endVector();
  builder.startVector(16, columns.length, 8);
  for (const { nullCount } of columns.toReversed()) writePair(builder, rows, nullCount);
  const nodesAt = builder.endVector();
  builder.startObject(5);
  builder.addFieldInt64(0, BigInt(rows), 0n);
  builder.addFieldOffset(1, nodesAt, 0);
  builder.addFieldOffset(2, buffersAt, 0);
  yield encapsulate(builder, "recordBatch", builder.endObject(), bodyLength, metadata);
  for (const [i, buffer] of buffers.entries()) {
    if (buffer.length > 0) yield buffer;
    if (padded[i]! > buffer.length) yield new Uint8Array(padded[i]! - buffer.length);
  }
}

/** A length with a length or an offset: both structs of the format are two numbers of 64 bits. */
function writePair(builder: Builder, first: number, second: number): void {
  builder.prep(8, 16);
  builder.writeInt64(BigInt(second));
  builder.writeInt64(BigInt(first));
}

function writeField(builder: Builder, { name, type }: ArrowField): number {
  const nameAt = builder.createString(name);
  const childrenAt = offsets(builder, []);
  builder.startObject(type === "double" ? 1 : 0);
  if (type === "double") builder.addFieldInt16(0, DOUBLE_PRECISION, 0);
  const typeAt = builder.endObject();
  builder.startObject(7);
  builder.addFieldOffset(0, nameAt, 0);
  builder.addFieldInt8(1, 1, 0);
  builder.addFieldInt8(2, TYPES[type], 0);
  builder.addFieldOffset(3, typeAt, 0);
  builder.addFieldOffset(5, childrenAt, 0);
  return builder.endObject();
}

/** Keys and values; 0 for none. */
function writeMetadata(builder: Builder, metadata: Metadata): number {
  if (metadata.length === 0) return 0;
  return offsets(
    builder,
    metadata.map(([key, value]) => {
      const keyAt = builder.createString(key);
      const valueAt = builder.createString(value);
      builder.startObject(2);
      builder.addFieldOffset(0, keyAt, 0);
      builder.addFieldOffset(1, valueAt, 0);
      return builder.endObject();
    }),
  );
}

function offsets(builder: Builder, all: readonly number[]): number {
  builder.startVector(4, all.length, 4);
  for (const offset of all.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

/** The flatbuffer of a message with its marker and its length in front. */
function encapsulate(
  builder: Builder,
  header: keyof typeof HEADERS,
  headerAt: number,
  bodyLength: number,
  metadata: Metadata,
): Uint8Array {
  const metadataAt = writeMetadata(builder, metadata);
  builder.startObject(5);
  builder.addFieldInt16(0, VERSION_5, 0);
  builder.addFieldInt8(1, HEADERS[header], 0);
  builder.addFieldOffset(2, headerAt, 0);
  builder.addFieldInt64(3, BigInt(bodyLength), 0n);
  builder.addFieldOffset(4, metadataAt, 0);
  builder.finish(builder.endObject());
  const message = builder.asUint8Array();
  // The body behind it begins at a multiple of eight.
  const length = Math.ceil(message.length / 8) * 8;
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setUint32(4, length, true);
  bytes.set(message, 8);
  return bytes;
}
