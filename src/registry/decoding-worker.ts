/** The thread that decodes a large bundle. bundle-decoding.ts starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { Weights } from "../network/weights.js";
import { type BundleParts, decodeParts } from "./bundle-decoder.js";
import type { DecodingAnswer, DecodingTask } from "./bundle-decoding.js";

/** Copies weights into shared memory, so that the thread on which the engine packs large ones needs no copy of its own. */
function share(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
      shared.set(data);
      return [name, { shape, data: shared }];
    }),
  );
}

function answer(): { answer: DecodingAnswer; transfer: ArrayBuffer[] } {
  try {
    const parts = decodeParts(new Map(workerData as DecodingTask));
    return {
      answer: { parts: { ...parts, weights: share(parts.weights) } },
      transfer: moved(parts),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { answer: { refusal: error.message }, transfer: [] };
  }
}

function moved({ golden, fitted, sample }: BundleParts): ArrayBuffer[] {
  const { windows, outputs } = golden;
  const arrays = [windows, outputs.embedding, ...outputs.heads, ...fitted.values(), sample];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

const { answer: given, transfer } = answer();
parentPort!.postMessage(given, transfer);
