/** The bytes of a data file as UTF-8 text, whatever its encoding and compression. */
import { isUtf8 } from "node:buffer";
import type { Hash } from "node:crypto";
import { pipeline, Readable, type Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import type { DataSource } from "./source.js";
import { createZstdDecompressor } from "./zstd.js";

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** A file as text. */
export interface TextSource {
  readonly encoding: Encoding;
  /** UTF-8, without a byte order mark. */
  readonly chunks: AsyncGenerator<Buffer>;
}

/** The bytes are not UTF-8, so they have to be read again in another encoding. */
export class NotUtf8 extends Error {
  override readonly name = "NotUtf8";
}

/**
 * Opens data. UTF-16 is known by its byte order mark or its zeros, gzip and zstd by their first bytes. Any other text
 * is UTF-8 where no encoding is given, and reading it throws NotUtf8 where it is not.
 *
 * @param hash takes the bytes as they are on the disk.
 */
export async function openText(source: DataSource, hash: Hash, encoding?: Encoding): Promise<TextSource> {
  const bytes = await decompressed(source, hash);
  const first = await bytes.next();
  if (first.done === true) return { encoding: encoding ?? "utf-8", chunks: bytes };
  const found = encoding ?? encodingOf(first.value);
  const whole = prepend([withoutMark(first.value)], bytes);
  if (found === "utf-8") return { encoding: found, chunks: checkUtf8(whole) };
  return { encoding: found, chunks: transcode(whole, found) };
}

async function decompressed(source: DataSource, hash: Hash): Promise<AsyncGenerator<Buffer>> {
  const hashed = (async function* () {
    for await (const chunk of source.open()) {
      hash.update(chunk);
      yield chunk;
    }
  })();
  const first = await hashed.next();
  if (first.done === true) return hashed;
  const whole = prepend([first.value], hashed);
  const decompressor = source.mayBeCompressed ? decompressorOf(first.value) : undefined;
  if (decompressor === undefined) return whole;
  // What fails, or is ended early, ends the other; whoever reads the text gets the error.
  pipeline(Readable.from(whole, { objectMode: false }), decompressor, () => undefined);
  return decompressor[Symbol.asyncIterator]() as AsyncGenerator<Buffer>;
}

function decompressorOf(bytes: Buffer): Transform | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return createGunzip();
  return bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompressor() : undefined;
}

function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  // In UTF-16, every other byte of digits and delimiters is zero.
  const zeros = [0, 0];
  const size = Math.min(bytes.length, 1024) & ~1;
  for (let i = 0; i < size; i++) if (bytes[i] === 0) zeros[i & 1]!++;
  if (zeros[1]! > size / 4 && zeros[0] === 0) return "utf-16le";
  if (zeros[0]! > size / 4 && zeros[1] === 0) return "utf-16be";
  return "utf-8";
}

function withoutMark(bytes: Buffer): Buffer {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  const isMark = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return isMark ? bytes.subarray(2) : bytes;
}

async function* checkUtf8(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    const chunk = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = chunk.length - unfinishedBytes(chunk);
    rest = chunk.subarray(end);
    const whole = chunk.subarray(0, end);
    if (!isUtf8(whole)) throw new NotUtf8();
    if (end > 0) yield whole;
  }
  if (rest.length > 0) throw new NotUtf8();
}

/** How many bytes at the end begin a character that the next chunk goes on with. */
function unfinishedBytes(chunk: Buffer): number {
  for (let back = 1; back <= Math.min(3, chunk.length); back++) {
    const byte = chunk[chunk.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

async function* transcode(bytes: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

/** The chunks, then what comes after them. */
export async function* prepend(
  chunks: readonly Buffer[],
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
    yield* rest;
  } finally {
    // Where the reader stops within `chunks`, nothing else would end the rest.
    await rest.return(undefined);
  }
}
