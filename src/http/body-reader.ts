/** Reads the bodies of requests: small ones on the event loop, large ones on a thread. */
import { Worker } from "node:worker_threads";
import { type ErrorCode, ResiduaError, type Violation } from "../errors.js";
import type { Arrays } from "../scoring/arrays.js";
import { type InferBody, readInferRequest } from "./inference/infer-request.js";
import type { RawBody } from "./raw-body.js";
import { readScoreRequest, type ScoreLimits, type WindowsBody } from "./score-request.js";
import type { SeriesBody } from "./series-body.js";
import { readTableBody, type TableReading } from "./table-body.js";

export type ScoreBody = WindowsBody | SeriesBody;

/** A body of this size takes milliseconds to read, which is worth sending it to another thread. */
const LARGE_BYTES = 512 * 1024;
/** A thread without work is ended after this time, which frees its memory. */
const IDLE_MS = 30_000;

/** A table of this size does: it takes longer to read than JSON. */
const LARGE_TABLE_BYTES = 64 * 1024;

/** What the thread is sent: a body to read. */
export type BodyQuestion = {
  readonly id: number;
  readonly pieces: readonly Uint8Array[];
  readonly limits: ScoreLimits;
} & BodyKind;

type BodyKind =
  | { readonly kind: "score" }
  | { readonly kind: "table"; readonly reading: TableReading }
  | { readonly kind: "infer"; readonly headerLength: number | undefined };

/** What the thread sends back: the body that it read, or why it was refused. */
export interface BodyAnswer {
  readonly id: number;
  readonly body?: ScoreBody | InferBody;
  readonly refusal?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly violations: readonly Violation[];
  };
}

interface Waiting {
  readonly resolve: (body: ScoreBody | InferBody) => void;
  readonly reject: (error: Error) => void;
}

export class BodyReader {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #questions = 0;

  /**
   * Reads a score request. Throws, or rejects with, what `readScoreRequest` throws.
   *
   * @param body must not be used again: its memory may be moved to the other thread.
   * @param arrays where the array of the readings of a small body may come from.
   */
  readScore(body: RawBody, limits: ScoreLimits, arrays?: Arrays): ScoreBody | Promise<ScoreBody> {
    if (body.length < LARGE_BYTES) return readScoreRequest(body.toBytes(), limits, arrays);
    return this.#ask<ScoreBody>(body, limits, { kind: "score" });
  }

  /** As `readScore`, for a series in CSV or JSON lines. Rejects with what `readTableBody` throws. */
  readTable(body: RawBody, limits: ScoreLimits, reading: TableReading): Promise<SeriesBody> {
    if (body.length < LARGE_TABLE_BYTES) return readTableBody(body.toBytes(), reading, limits);
    return this.#ask<SeriesBody>(body, limits, { kind: "table", reading });
  }

  /** As `readScore`, for an inference request. Throws, or rejects with, what `readInferRequest` throws. */
  readInfer(
    body: RawBody,
    headerLength: number | undefined,
    limits: ScoreLimits,
    arrays?: Arrays,
  ): InferBody | Promise<InferBody> {
    // Only the JSON counts: to read binary data takes no longer than to send it to a thread.
    if ((headerLength ?? body.length) < LARGE_BYTES) {
      return readInferRequest(body.toBytes(), headerLength, limits, arrays);
    }
    return this.#ask<InferBody>(body, limits, { kind: "infer", headerLength });
  }

  #ask<T extends ScoreBody | InferBody>(body: RawBody, limits: ScoreLimits, kind: BodyKind): Promise<T> {
    clearTimeout(this.#idleTimer);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#questions++;
    // A piece that is only a part of its buffer is copied: the rest of the buffer belongs to others.
    const pieces = body.pieces.map((piece) =>
      piece.byteLength === piece.buffer.byteLength ? piece : new Uint8Array(piece),
    );
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      worker.postMessage(
        { ...kind, limits, id, pieces } satisfies BodyQuestion,
        pieces.map(({ buffer }) => buffer as ArrayBuffer),
      );
    });
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./body-worker.js", import.meta.url), { name: "residua-body-reader" });
    worker.on("message", (answer: BodyAnswer) => this.#settle(answer));
    let cause: unknown;
    worker.once("error", (error) => {
      cause = error;
    });
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) {
        reject(new ResiduaError("INTERNAL", "The thread that reads large bodies ended.", { cause }));
      }
      this.#waiting.clear();
    });
    worker.unref();
    return worker;
  }

  #settle({ id, body, refusal }: BodyAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) {
      this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
    if (body !== undefined) waiting?.resolve(body);
    else if (refusal !== undefined) {
      waiting?.reject(new ResiduaError(refusal.code, refusal.message, { violations: refusal.violations }));
    }
  }
}
