/**
 * The thread that reads large bodies, so that the event loop is free for other requests. body-reader.ts
 * starts it.
 */
import { parentPort } from "node:worker_threads";
import { ResiduaError } from "../errors.js";
import type { BodyAnswer, BodyQuestion } from "./body-threads.js";
import { readInferRequest } from "./inference/infer-request.js";
import { readScoreRequest } from "./score-request.js";

parentPort!.on("message", ({ kind, pieces, limits, headerLength }: BodyQuestion) => {
  try {
    const bytes = Buffer.concat(pieces);
    const body =
      kind === "score" ? readScoreRequest(bytes, limits) : readInferRequest(bytes, headerLength, limits);
    const transfer = [body.values.buffer as ArrayBuffer];
    if (body.kind === "series") transfer.push(body.starts.buffer as ArrayBuffer);
    parentPort!.postMessage({ body } satisfies BodyAnswer, transfer);
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const { code, message, violations } = error;
    parentPort!.postMessage({ refusal: { code, message, violations } } satisfies BodyAnswer);
  }
});
