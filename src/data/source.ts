/** Where data come from: a file on the disk, or bytes that are in memory, such as the body of a request. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";

const CHUNK = 1 << 16;

/** Bytes that can be read from the beginning, more than once. */
export interface DataSource {
  /** What messages call it: a file's name without its folders. */
  readonly name: string;
  /** The file; undefined for bytes in memory. */
  readonly path: string | undefined;
  /** Bytes in memory that may be a Parquet file; undefined where they are text, and for files. */
  readonly bytes?: Uint8Array | undefined;
  /** Whether gzip and zstd are decompressed. */
  readonly mayBeCompressed: boolean;
  /** A file stays open until all of it is read, or its iterator is told to end, as `for await` does. */
  readonly open: () => AsyncIterable<Buffer>;
}

/** A file. */
export function fileSource(path: string): DataSource {
  return {
    name: basename(path),
    path,
    mayBeCompressed: true,
    open: () => createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>,
  };
}

/**
 * Bytes in memory; text is not decompressed, so that what is read is no larger than they are.
 *
 * @param name what messages call them, such as `body`.
 * @param mayBeParquet whether they are read as Parquet where they begin so.
 */
export function bytesSource(name: string, bytes: Uint8Array, mayBeParquet = false): DataSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    name,
    path: undefined,
    bytes: mayBeParquet ? buffer : undefined,
    mayBeCompressed: false,
    open: async function* () {
      for (let from = 0; from < buffer.length; from += CHUNK) yield buffer.subarray(from, from + CHUNK);
    },
  };
}
