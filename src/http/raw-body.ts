/**
 * The bodies of scoring requests as bytes. While one arrives, the batcher knows that a request is expected.
 */
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ClientGoneError, ResiduaError } from "../errors.js";
import { BodyAccount } from "./body-account.js";
import { BodyBlocks } from "./body-blocks.js";
import type { BodyBudget } from "./body-budget.js";
import { createDecoder, type Decoder } from "./content-coding.js";

export interface RawBodyOptions {
  readonly contentTypes: readonly string[];
  readonly limitBytes: number;
  readonly budget: BodyBudget;
  /** Called when a body begins to arrive. `arrived` is called with its result once the route has the body. */
  readonly expect: () => number;
  readonly arrived: (expectation: number) => void;
}

/** A smaller body may come in one piece, which needs no room. */
const SMALL_BYTES = 65_536;
/** How much of a body that is too long is read and dropped before the connection is closed. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;

/**
 * The bytes of a body in a few pieces: to join those of a large body would delay other requests.
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
  const { limitBytes, budget, expect, arrived } = options;
  app.removeAllContentTypeParsers();
  app.decorateRequest("response", undefined);
  app.addHook("onRequest", (request, reply, next) => {
    request.response = reply.raw;
    next();
  });
  app.addContentTypeParser([...options.contentTypes], (request, payload, done) => {
    const declared = Number(request.headers["content-length"] ?? 0);
    try {
      if (declared > SMALL_BYTES && declared <= limitBytes) budget.check(declared);
    } catch (error) {
      // Answered before the body is read; Node drops what comes of it.
      return done(error as Error);
    }
    const type = request.headers["content-type"];
    // The encoding of CSV is found from its bytes.
    if (type !== undefined && !isUtf8(type) && !/^text\/csv\b/i.test(type)) {
      return done(new ResiduaError("UNSUPPORTED_MEDIA_TYPE", "JSON has to be sent in UTF-8."));
    }
    const expectation = expect();
    const coding = request.headers["content-encoding"];
    // What is counted is the decoded body; how long it is, its headers do not say.
    const account = new BodyAccount(budget, coding === undefined ? declared : 0, request);
    collectBody(coding, payload, limitBytes, onBody, account);
    function onBody(error: Error | null, body?: RawBody): void {
      account.complete();
      done(error, body);
      arrived(expectation);
    }
  });
}

/**
 * Collects a body, decoded where it is compressed. At most `limitBytes` are kept, and no more than a piece beyond them
 * is decoded.
 *
 * @param coding the header Content-Encoding
 * @param account counts the bytes, and may refuse them: then the answer is not put off until all have come
 * @param done called once: with the body; with ResiduaError BODY_TOO_LARGE, INVALID_REQUEST (no data of that coding) or
 *   UNSUPPORTED_MEDIA_TYPE (no coding that is taken); or with ClientGoneError
 */
export function collectBody(
  coding: string | undefined,
  payload: Readable,
  limitBytes: number,
  done: (error: Error | null, body?: RawBody) => void,
  account?: BodyAccount,
): void {
  let decoder: Decoder | undefined;
  try {
    decoder = createDecoder(coding);
  } catch (error) {
    done(error as Error);
    return;
  }
  const source = decoder === undefined ? payload : payload.pipe(decoder);
  const declared = account?.declared ?? 0;
  let blocks = new BodyBlocks(declared <= limitBytes ? declared : 0);
  let received = 0;
  const onReceived = (chunk: Buffer): void => {
    received += chunk.length;
  };
  const stop = (): void => {
    source.off("data", onData).off("end", onEnd);
    if (decoder === undefined) return;
    payload.off("data", onReceived).unpipe(decoder);
    decoder
      .off("error", onBroken)
      .on("error", () => undefined)
      .destroy();
  };
  let isSettled = false;
  const settle = (error: Error | null, body?: RawBody): void => {
    if (isSettled) return;
    isSettled = true;
    done(error, body);
  };
  const refuse = (error: Error): void => {
    stop();
    blocks = new BodyBlocks(0);
    discard(payload, () => settle(error));
  };
  const onData = (chunk: Buffer): void => {
    if (blocks.length + chunk.length > limitBytes) {
      refuse(tooLarge(limitBytes));
      return;
    }
    try {
      account?.add(chunk.length);
      blocks.add(chunk);
    } catch (error) {
      stop();
      payload.resume();
      settle(error as Error);
    }
  };
  const onEnd = (): void => {
    // Without a decoder nothing more comes: its listeners may stay.
    if (decoder !== undefined) stop();
    // Node ignores what stands behind the end of compressed data.
    if (decoder !== undefined && decoder.bytesWritten !== received) onBroken();
    else settle(null, new RawBody(blocks.blocks, blocks.length));
  };
  const onBroken = (): void => refuse(new ResiduaError("INVALID_REQUEST", notDecoded(coding!)));
  const onError = (cause: Error): void => {
    stop();
    settle(new ClientGoneError("The client hung up before its body was complete.", { cause }));
  };
  source.on("data", onData).on("end", onEnd);
  payload.on("error", onError);
  if (decoder === undefined) return;
  payload.on("data", onReceived);
  decoder.on("error", onBroken);
}

/**
 * Reads and drops the rest of a body that is refused: a client that is still sending would not read the answer.
 */
export function discard(payload: Readable, then: () => void): void {
  if (payload.readableEnded) {
    then();
    return;
  }
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) onEnd();
  };
  const onEnd = (): void => {
    payload.off("data", onData).off("end", onEnd);
    then();
  };
  payload.on("data", onData).on("end", onEnd).resume();
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

function notDecoded(coding: string): string {
  return `The body is not what its Content-Encoding, ${coding}, says: it is damaged, cut off, or has more behind its end.`;
}

function tooLarge(limitBytes: number): ResiduaError {
  return new ResiduaError("BODY_TOO_LARGE", `The body may have up to ${limitBytes} bytes.`);
}
