/** Compressed bodies (RFC 9110, sections 8.4 and 12.5.3). Node's zlib streams work on its thread pool. */
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { ResiduaError } from "../errors.js";

/** In the order of preference for answers: the one that takes the least time comes first. */
export const CODINGS = ["gzip", "deflate", "br"] as const;
export type Coding = (typeof CODINGS)[number];

/** A stream with the bytes of input that it has used. */
export type Decoder = Transform & { readonly bytesWritten: number };

/** Shorter answers are sent as they are: to compress them costs more than to send them. */
export const LEAST_COMPRESSED_BYTES = 1024;

/** A body in a coding that is not taken; the answer has the header Accept-Encoding (RFC 7694). */
export class UnsupportedCodingError extends ResiduaError {
  constructor(coding: string) {
    super(
      "UNSUPPORTED_MEDIA_TYPE",
      `A body may have the Content-Encoding ${CODINGS.join(", ")} or none, not ${JSON.stringify(coding)}.`,
    );
  }
}

/**
 * The stream that decodes a body with this header Content-Encoding; undefined where it is sent as it is.
 * @throws UnsupportedCodingError.
 */
export function createDecoder(header: string | undefined): Decoder | undefined {
  switch (header?.trim().toLowerCase()) {
    case undefined:
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return zlib.createGunzip();
    case "deflate":
      return zlib.createInflate();
    case "br":
      return zlib.createBrotliDecompress();
    default:
      throw new UnsupportedCodingError(header!);
  }
}

/**
 * The coding for an answer by the header Accept-Encoding; undefined for none.
 *
 * A coding that is not named has the weight of `*`, or 0. Of those with the highest weight, the first of `CODINGS` is
 * taken, unless the header gives `identity` a higher one.
 */
export function chooseCoding(header: string | undefined): Coding | undefined {
  if (header === undefined || header === "") return undefined;
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    weights.set(name === "x-gzip" ? "gzip" : name, weight === undefined ? 1 : Number(weight) || 0);
  }
  let best: Coding | undefined;
  let highest = 0;
  for (const coding of CODINGS) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight <= highest) continue;
    best = coding;
    highest = weight;
  }
  return (weights.get("identity") ?? 0) > highest ? undefined : best;
}

/** Compresses a whole answer, on the thread pool. */
export function encode(bytes: Uint8Array | string, coding: Coding): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, encoded: Buffer): void => (error ? reject(error) : resolve(encoded));
    if (coding === "gzip") zlib.gzip(bytes, FAST, done);
    else if (coding === "deflate") zlib.deflate(bytes, FAST, done);
    else zlib.brotliCompress(bytes, { params: FAST_BROTLI }, done);
  });
}

/**
 * Compresses an answer chunk by chunk. What is made of a chunk is complete when the next one is asked for, so that a
 * client can decode all it has got so far; it also arrives where the next chunk fails.
 */
export async function* encodeChunks(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  coding: Coding,
): AsyncGenerator<Uint8Array, void> {
  const encoder = createEncoder(coding);
  let ready: Buffer[] = [];
  encoder.on("data", (piece: Buffer) => ready.push(piece));
  const taken = (): Buffer[] => {
    const pieces = ready;
    ready = [];
    return pieces;
  };
  try {
    for await (const chunk of chunks) {
      if (chunk.length === 0) {
        yield chunk; // A pause: nothing to compress.
        continue;
      }
      await new Promise<void>((resolve, reject) => {
        encoder.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
      yield* taken();
    }
    await new Promise<void>((resolve, reject) => {
      encoder.once("end", resolve).once("error", reject).end();
    });
    yield* taken();
  } finally {
    encoder.destroy();
  }
}

/** Scores are mostly digits: higher levels take several times as long and save a tenth. */
const FAST = { level: 1 };
const FAST_BROTLI = { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 };

function createEncoder(coding: Coding): Transform {
  if (coding === "br") {
    return zlib.createBrotliCompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH, params: FAST_BROTLI });
  }
  const options = { ...FAST, flush: zlib.constants.Z_SYNC_FLUSH };
  return coding === "gzip" ? zlib.createGzip(options) : zlib.createDeflate(options);
}
