/**
 * The thread that reads large bodies, so that the event loop is free for other requests. body-reader.ts
 * starts it.
 */
import { parentPort } from "node:worker_threads";
import { ResiduaError } from "../errors.js";
import type { BodyAnswer, BodyQuestion, ReadBody } from "./body-threads.js";
import { readInferRequest } from "./inference/infer-request.js";
import { readScoreRequest } from "./score-request.js";
import { readTableBody } from "./table-body.js";

parentPort!.on("message", async (question: BodyQuestion) => {
  try {
    const body = await readBody(question, Buffer.concat(question.pieces));
    const transfer = [body.values.buffer as ArrayBuffer];
    if (body.kind === "series") transfer.push(body.starts.buffer as ArrayBuffer);
    parentPort!.postMessage({ body } satisfies BodyAnswer, transfer);
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const { code, message, violations } = error;
    parentPort!.postMessage({ refusal: { code, message, violations } } satisfies BodyAnswer);
  }
});

function readBody(question: BodyQuestion, bytes: Uint8Array): ReadBody | Promise<ReadBody> {
  const { limits } = question;
  switch (question.kind) {
    case "score":
      return readScoreRequest(bytes, limits);
    case "table":
      return readTableBody(bytes, question.reading, limits);
    case "infer":
      return readInferRequest(bytes, question.headerLength, limits);
  }
}
