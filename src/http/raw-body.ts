/** The body of a score request as it came, with word to the batcher that a request is on its way. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ClientGoneError, ResiduaError } from "../errors.js";

export interface RawBodyOptions {
  readonly contentTypes: readonly string[];
  readonly limitBytes: number;
  /** Called when a body begins; what it gives goes to `arrived` when it was handed on. */
  readonly expect: () => number;
  readonly arrived: (expectation: number) => void;
}

/** Of a body that is too long, this much is passed over before the connection is cut. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;

/** A body's bytes in the pieces they arrived in: putting a large one together takes longer than others can wait. */
export class RawBody {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;

  constructor(pieces: readonly Uint8Array[], length = pieces.reduce((sum, piece) => sum + piece.length, 0)) {
    this.pieces = pieces;
    this.length = length;
  }

  toBytes(): Uint8Array {
    return this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces, this.length);
  }
}

/** Makes the routes of this scope take bodies of some content types as they come, and no others. */
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
      // What is too long is read to its end all the same: a client that is still writing would not hear the answer.
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

/** What `takeRawBodies` left; empty where there was no body. */
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
