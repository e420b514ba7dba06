/** Answers in parts: a short one goes out whole, a long one part by part, with a turn for others in between. */
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyReply } from "fastify";

const PART_BYTES = 65_536;

/** The same bytes in parts of at least PART_BYTES, but for the last. */
export function* joinParts(parts: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

export function sendParts(
  reply: FastifyReply,
  contentType: string,
  parts: Generator<Uint8Array, void>,
): FastifyReply {
  reply.header("content-type", contentType);
  const first = parts.next().value ?? new Uint8Array(0);
  const second = parts.next().value;
  if (second === undefined) return reply.send(first);
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield first;
    yield second;
    for (const part of parts) {
      await nextTurn();
      yield part;
    }
  };
  return reply.send(Readable.from(all(), { objectMode: false, highWaterMark: PART_BYTES }));
}
