/**
 * Sends answers in chunks: a short one as a whole, a long one chunk by chunk, with other requests served in
 * between.
 */
import { Readable } from "node:stream";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import { chooseCoding, encodeChunks } from "./content-coding.js";
import { addVary } from "./vary.js";

const CHUNK_BYTES = 65_536;

/** A chunk without bytes: before the next one is made, other requests should be served. */
export const PAUSE = new Uint8Array(0);

/** Joins chunks to ones of at least CHUNK_BYTES, but for the last; pauses stay where they are. */
export function* joinChunks(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (chunk.length === 0) {
      yield PAUSE;
      continue;
    }
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** Chunks that are made when they are asked for, at once or while something is waited for. */
export type Chunks = Generator<Uint8Array, void> | AsyncGenerator<Uint8Array, void>;

/**
 * Sends chunks no faster than the client takes them. A single one that need not be waited for is sent with
 * its length. Where the client hangs up, the generator is ended: its `finally` blocks run.
 */
export function sendChunks(reply: FastifyReply, contentType: string, chunks: Chunks): FastifyReply {
  reply.header("content-type", contentType);
  if (Symbol.asyncIterator in chunks) return sendStream(reply, chunks, chunks);
  const first = chunks.next().value ?? PAUSE;
  const second = chunks.next().value;
  if (second === undefined) return reply.send(first);
  const all = function* (): Generator<Uint8Array, void> {
    yield first;
    yield second;
    yield* chunks;
  };
  return sendStream(reply, all(), chunks);
}

/** Compressed, where the caller takes that; the plugin `compression` does it for answers that are sent as a whole. */
function sendStream(reply: FastifyReply, chunks: Chunks, source: Chunks): FastifyReply {
  const coding = chooseCoding(reply.request.headers["accept-encoding"]);
  addVary(reply, "Accept-Encoding");
  if (coding === undefined) return reply.send(toStream(chunks, source));
  reply.header("content-encoding", coding);
  return reply.send(toStream(encodeChunks(chunks, coding), source));
}

/** @param source is ended with the stream, even where the stream has taken nothing yet. */
function toStream(chunks: Chunks, source: Chunks): Readable {
  const all = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      if (chunk.length > 0) yield chunk;
      await yieldToEventLoop();
    }
  };
  const stream = Readable.from(all(), { objectMode: false, highWaterMark: CHUNK_BYTES });
  return stream.once("close", () => void source.return());
}
