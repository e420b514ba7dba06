/** Answers in parts: a short one goes out whole, a long one part by part, with a turn for others in between. */
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyReply } from "fastify";

const PART_BYTES = 65_536;

/** A part without bytes: others are to have a turn before the next. */
export const PAUSE = new Uint8Array(0);

/** The same bytes in parts of at least PART_BYTES, but for the last; pauses stay where they are. */
export function* joinParts(parts: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    if (part.length === 0) {
      yield PAUSE;
      continue;
    }
    waiting.push(part);
    bytes += part.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** There already, or made while others are sent. */
export type Parts = Generator<Uint8Array, void> | AsyncGenerator<Uint8Array, void>;

/** Sends parts no faster than the client takes them; a single one that is there goes out with its length. */
export function sendParts(reply: FastifyReply, contentType: string, parts: Parts): FastifyReply {
  reply.header("content-type", contentType);
  if (Symbol.asyncIterator in parts) return reply.send(toStream(parts));
  const first = parts.next().value ?? PAUSE;
  const second = parts.next().value;
  if (second === undefined) return reply.send(first);
  const all = function* (): Generator<Uint8Array, void> {
    yield first;
    yield second;
    yield* parts;
  };
  return reply.send(toStream(all()));
}

function toStream(parts: Parts): Readable {
  const all = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const part of parts) {
      if (part.length > 0) yield part;
      await nextTurn();
    }
  };
  return Readable.from(all(), { objectMode: false, highWaterMark: PART_BYTES });
}
