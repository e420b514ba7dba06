/** Reads requests: small bodies at once, large ones on a thread of their own. */
import { Worker } from "node:worker_threads";
import { type ErrorCode, ResiduaError, type Violation } from "../errors.js";
import type { Arrays } from "../scoring/arrays.js";
import { type InferBody, readInferRequest } from "./inference/infer-request.js";
import { readScoreRequest, type ScoreLimits, type SeriesBody, type WindowsBody } from "./score-request.js";

export type ScoreBody = WindowsBody | SeriesBody;

/** From here on a body is worth the way to another thread: reading it takes milliseconds. */
const LARGE_BYTES = 512 * 1024;
/** A thread without work gives back its memory after this long. */
const IDLE_MS = 30_000;

export interface BodyQuestion {
  readonly id: number;
  readonly kind: "score" | "infer";
  readonly bytes: Uint8Array;
  readonly limits: ScoreLimits;
  readonly headerLength: number | undefined;
}

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
   * Throws, or rejects with, what `readScoreRequest` throws. The bytes are given away.
   * @param arrays where that of a small body's readings may come from.
   */
  readScore(bytes: Uint8Array, limits: ScoreLimits, arrays?: Arrays): ScoreBody | Promise<ScoreBody> {
    if (bytes.length < LARGE_BYTES) return readScoreRequest(bytes, limits, arrays);
    return this.#ask<ScoreBody>({ kind: "score", bytes, limits, headerLength: undefined });
  }

  /** Throws, or rejects with, what `readInferRequest` throws. The bytes are given away. */
  readInfer(
    bytes: Uint8Array,
    headerLength: number | undefined,
    limits: ScoreLimits,
  ): InferBody | Promise<InferBody> {
    // Binary data is read as fast as it is sent to a thread.
    if ((headerLength ?? bytes.length) < LARGE_BYTES) return readInferRequest(bytes, headerLength, limits);
    return this.#ask<InferBody>({ kind: "infer", bytes, limits, headerLength });
  }

  #ask<T extends ScoreBody | InferBody>(question: Omit<BodyQuestion, "id">): Promise<T> {
    clearTimeout(this.#idleTimer);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#questions++;
    const isWhole = question.bytes.byteLength === question.bytes.buffer.byteLength;
    const bytes = isWhole ? question.bytes : new Uint8Array(question.bytes);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      worker.postMessage({ ...question, id, bytes } satisfies BodyQuestion, [bytes.buffer as ArrayBuffer]);
    });
  }

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
        reject(new ResiduaError("INFERENCE_FAILED", "The thread that reads large bodies ended.", { cause }));
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
