/** The thread that parses a large golden.json. golden-reading.ts starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import { object } from "../network/json-guards.js";
import { parseFile } from "./bundle-decoder.js";
import { asFloat32 } from "./golden.js";
import type { GoldenAnswer } from "./golden-reading.js";

const FILE = "golden.json";

function answer(): { answer: GoldenAnswer; transfer: ArrayBuffer[] } {
  try {
    const content = { bytes: workerData as Uint8Array, sha256: "" };
    const transfer: ArrayBuffer[] = [];
    const golden = Object.entries(object(parseFile(content, FILE), FILE)).map(([name, value]) => {
      if (!Array.isArray(value)) return [name, value];
      const numbers = asFloat32(value, name);
      transfer.push(numbers.buffer as ArrayBuffer);
      return [name, numbers];
    });
    return { answer: { golden: Object.fromEntries(golden) }, transfer };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { answer: { refusal: error.message }, transfer: [] };
  }
}

const { answer: given, transfer } = answer();
parentPort!.postMessage(given, transfer);
