/** Decompression of zstd: Node's own, which is there from 22.15 on, and a library's for older ones. */
import { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";

/** How many bytes of one chunk are given to the library at once, so that what comes of them stays small. */
const SLICE = 1 << 16;

/** Decompresses zstd. It fails with an error whose code begins with `ZSTD_` where the bytes are damaged or cut off. */
export function createZstdDecompressor(): Transform {
  const create = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  return create === undefined ? createPortableZstdDecompressor() : create();
}

/** The decompressor that runs on every Node. It does not compare checksums. */
export function createPortableZstdDecompressor(): Transform {
  const decompress = new Decompress();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      decompress.ondata = (bytes) => {
        if (bytes.length > 0) this.push(Buffer.from(bytes));
      };
      for (let from = 0; from < chunk.length; from += SLICE) {
        try {
          decompress.push(chunk.subarray(from, from + SLICE));
        } catch (error) {
          done(damaged(error));
          return;
        }
      }
      done();
    },
    flush(done) {
      try {
        decompress.push(new Uint8Array(), true);
      } catch (error) {
        done(damaged(error));
        return;
      }
      done();
    },
  });
}

function damaged(cause: unknown): Error {
  return Object.assign(new Error("The data are no zstd.", { cause }), { code: "ZSTD_error_damaged" });
}
