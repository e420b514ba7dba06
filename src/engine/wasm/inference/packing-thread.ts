/**
 * Places a network for inference, a large one on a thread of its own: to pack its weights takes tens of milliseconds and
 * more, for which requests would otherwise have to wait.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Network, parameterCount } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";
import type { Placement } from "./placed.js";
import { placeForInference } from "./placement.js";

/** The most weights that are packed on the calling thread: that takes a few milliseconds. */
const MOST_PARAMETERS = 262_144;

/** What the thread is sent; weights in shared memory are read where they are, others copied. */
export interface PackingTask {
  readonly network: Network;
  readonly weights: Weights;
}

/** As `placeForInference`. Rejects with the error of the thread where that ends with one. */
export async function place(network: Network, weights: Weights): Promise<Placement> {
  if (parameterCount(network) <= MOST_PARAMETERS) return placeForInference(network, weights);
  const task: PackingTask = { network, weights };
  const worker = new Worker(new URL("./packing-worker.js", import.meta.url), {
    name: "residua-weight-packer",
    execArgv: [],
    workerData: task,
  });
  try {
    const [placement] = (await once(worker, "message")) as [Placement];
    return placement;
  } finally {
    await worker.terminate();
  }
}
