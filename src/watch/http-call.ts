/** Requests to the programs that `watch` talks to: bounded in time and size, and with two kinds of failure. */
import { InputError } from "../errors.js";

/** What may work the next time: no answer, 429, 5xx. Whoever asked tries again. */
export class LaterError extends Error {
  override readonly name = "LaterError";
  /** How long the other side wants to be left alone; undefined where it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface CallOptions {
  /** Who is called, as sentences begin: "Prometheus". */
  readonly who: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | URLSearchParams;
  readonly signal: AbortSignal;
}

export interface CallAnswer {
  readonly status: number;
  readonly text: string;
}

const ANSWER_MS = 30_000;
const MOST_BYTES = 64 * 1024 * 1024;
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** How much of an answer is repeated in a message. */
const EXCERPT_CHARACTERS = 300;
/** Statuses that say "later"; so do all from 500 on. */
const LATER = [408, 425, 429];

/**
 * Sends a request.
 *
 * @returns an answer that the same request would get again: 2xx, or a refusal.
 * @throws LaterError where there was no answer, or one that says "later"; InputError where it leads elsewhere or is too large.
 */
export async function call(url: string, options: CallOptions): Promise<CallAnswer> {
  const { who, signal, ...request } = options;
  let response: Response;
  let text: string | undefined;
  try {
    response = await fetch(url, {
      ...request,
      // A redirection would turn a POST into a GET, or carry a token to another host.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    text = await readText(response);
  } catch (error) {
    throw new LaterError(`${who} does not answer (${reasonOf(error as Error)}).`);
  }
  const { status, headers } = response;
  if (text === undefined) throw new InputError(`${who} answers more than ${MOST_BYTES / 1024 / 1024} MiB.`);
  if (LATER.includes(status) || status >= 500) {
    throw new LaterError(`${who} answers ${status}${excerpt(text)}.`, retryAfterMs(headers));
  }
  if (status >= 300 && status < 400) {
    throw new InputError(
      `${who} is not at ${withoutQuery(url)}: it leads on to ${headers.get("location")}. Name that address.`,
    );
  }
  return { status, text };
}

/** What an answer says, short, for the end of a sentence: ` (...)`; empty where it says nothing. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line === "") return "";
  return ` (${line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS)}...` : line})`;
}

/** JSON of an answer; undefined where it is none. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The body; undefined where it is too large. */
async function readText(response: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Seconds, or a time, which is compared with the other side's own clock. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

/** fetch says "fetch failed", and hides why in the cause. */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${ANSWER_MS / 1000} s`;
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? error.message;
}

function withoutQuery(url: string): string {
  return url.split("?")[0]!;
}
