/** The thread that packs the weights of a large network. packing-thread.ts starts it. */
import { parentPort, workerData } from "node:worker_threads";
import type { PackingTask } from "./packing-thread.js";
import { placeForInference } from "./placement.js";

const { network, weights } = workerData as PackingTask;
const { operations, constants, scratch } = placeForInference(network, weights);
parentPort!.postMessage(
  // In one message: what shares a storage here shares one there.
  { operations, constants, scratch },
  constants.map(({ data }) => data.buffer as ArrayBuffer),
);
