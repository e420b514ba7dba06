/** Reads what an object store answers: no more bytes than it says and may be, and not for ever. */
import { createHash } from "node:crypto";
import type { FileContent } from "../bundle-files.js";
import type { Answer } from "./aws-library.js";

/** How long a request may take with all its attempts, beside the time for its bytes. */
const REQUEST_MS = 30_000;
/** The slowest that bytes may come or go. */
const BYTES_PER_MS = 500;

/** How long a request with so many bytes may take. */
export function limitMs(bytes: number): number {
  return REQUEST_MS + Math.ceil(bytes / BYTES_PER_MS);
}

/**
 * The bytes of an answer, with their hash.
 * @param checkSize throws where there are too many; none is read then.
 * @throws Error where they do not come to an end.
 */
export async function readBody(
  { Body, ContentLength }: Answer,
  checkSize: (bytes: number) => void,
  closed: AbortSignal,
): Promise<FileContent> {
  if (ContentLength === undefined || Body === undefined) throw new Error("it answered without a length");
  checkSize(ContentLength);
  const hash = createHash("sha256");
  const bytes = new Uint8Array(ContentLength);
  const limit = AbortSignal.any([closed, AbortSignal.timeout(limitMs(ContentLength))]);
  const stop = (): void => Body.destroy();
  limit.addEventListener("abort", stop, { once: true });
  let at = 0;
  try {
    for await (const piece of Body) {
      if (at + piece.length > ContentLength) throw new Error("it sent more bytes than it said");
      bytes.set(piece, at);
      hash.update(piece);
      at += piece.length;
    }
  } finally {
    limit.removeEventListener("abort", stop);
  }
  if (limit.aborted) throw limit.reason;
  if (at < ContentLength) throw new Error("the connection was cut");
  return { bytes, sha256: hash.digest("hex") };
}
