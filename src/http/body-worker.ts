/**
 * The thread that reads large bodies, so that the event loop is free for other requests. body-reader.ts
 * starts it.
 */
import { parentPort } from "node:worker_threads";
import { ResiduaError } from "../errors.js";
import type { BodyAnswer, BodyQuestion, ReadBody } from "./body-questions.js";
import { readDataBody } from "./data-body.js";
import { readInferRequest } from "./inference/infer-request.js";
import { readScoreRequest } from "./score-request.js";
import { readTableBody } from "./table-body.js";
import { lowerThreadPriority } from "./thread-priority.js";

/**
 * Where cores are short, small requests go before large bodies. With less priority than that, bodies would be read too
 * slowly beside an engine that keeps all cores busy.
 */
const NICENESS = 5;

lowerThreadPriority(NICENESS);

parentPort!.on("message", async (question: BodyQuestion) => {
  try {
    const body = await readBody(question, Buffer.concat(question.pieces));
    parentPort!.postMessage({ body } satisfies BodyAnswer, [
      ...new Set(arraysOf(body).map(({ buffer }) => buffer as ArrayBuffer)),
    ]);
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const { code, message, violations } = error;
    parentPort!.postMessage({ refusal: { code, message, violations } } satisfies BodyAnswer);
  }
});

function readBody(question: BodyQuestion, bytes: Uint8Array): ReadBody | Promise<ReadBody> {
  switch (question.kind) {
    case "data":
      return readDataBody(bytes, question.reading);
    case "score":
      return readScoreRequest(bytes, question.limits);
    case "table":
      return readTableBody(bytes, question.reading, question.limits);
    case "infer":
      return readInferRequest(bytes, question.headerLength, question.limits);
  }
}

/** The arrays whose memory is handed over; some may be the same. */
function arraysOf(body: ReadBody): (Float64Array | Int32Array)[] {
  switch (body.kind) {
    case "data":
      return body.series.flatMap(({ values, timestampsMs }) => [
        values,
        ...(timestampsMs ? [timestampsMs] : []),
      ]);
    case "series":
      return [body.values, body.starts, body.timesMs, body.timestampsMs, body.given?.rowOf].filter(
        (array) => array !== undefined,
      );
    default:
      return [body.values];
  }
}
