/**
 * The bodies of scoring requests as bytes. While one arrives, the batcher knows that a request is expected.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ClientGoneError, ResiduaError } from "../errors.js";

export interface RawBodyOptions {
  readonly contentTypes: readonly string[];
  readonly limitBytes: number;
  /** Called when a body begins to arrive. `arrived` is called with its result once the route has the body. */
  readonly expect: () => number;
  readonly arrived: (expectation: number) => void;
}

/** How much of a body that is too long is read and dropped before the connection is closed. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;

/**
 * The bytes of a body in the pieces they arrived in: to join those of a large body would delay other
 * requests.
 */
export class RawBody {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;

  constructor(pieces: readonly Uint8Array[], length = pieces.reduce((sum, piece) => sum + piece.length, 0)) {
    this.pieces = pieces;
    this.length = length;
  }

  /** All bytes in one array. */
  toBytes(): Uint8Array {
    return this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces, this.length);
  }
}

/** Makes the routes of a scope take bodies of these content types as `RawBody`, and no others. */
export function takeRawBodies(app: FastifyInstance, options: RawBodyOptions): void {
  const { limitBytes, expect, arrived } = options;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...options.contentTypes], (request, payload, done) => {
    const type = request.headers["content-type"];
    if (type !== undefined && !isUtf8(type)) {
      return done(new ResiduaError("UNSUPPORTED_MEDIA_TYPE", "JSON has to be sent in UTF-8."));
    }
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      return done(
        new ResiduaError("UNSUPPORTED_MEDIA_TYPE", `Bodies are taken as they are, not ${encoding}.`),
      );
    }
    const expectation = expect();
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (error: Error | null, body?: RawBody): void => {
      payload.off("data", onData).off("end", onEnd).off("error", onError);
      done(error, body);
      arrived(expectation);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= limitBytes) chunks.push(chunk);
      // The rest of a body that is too long is read and dropped: a client that is still sending would not
      // read the answer.
      else if (length > limitBytes + MAX_DISCARDED_BYTES) end(tooLarge(limitBytes));
      else chunks.length = 0;
    };
    const onEnd = (): void => {
      if (length > limitBytes) end(tooLarge(limitBytes));
      else end(null, new RawBody(chunks, length));
    };
    const onError = (cause: Error): void =>
      end(new ClientGoneError("The client hung up before its body was complete.", { cause }));
    payload.on("data", onData).on("end", onEnd).on("error", onError);
  });
}

/** The body of a request in a scope of `takeRawBodies`; empty where there was none. */
export function rawBody(request: FastifyRequest): RawBody {
  return request.body instanceof RawBody ? request.body : new RawBody([]);
}

function isUtf8(contentType: string): boolean {
  if (!contentType.includes(";")) return true;
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset);
}

function tooLarge(limitBytes: number): ResiduaError {
  return new ResiduaError("BODY_TOO_LARGE", `The body may have up to ${limitBytes} bytes.`);
}
