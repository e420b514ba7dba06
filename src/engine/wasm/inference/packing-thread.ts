/**
 * Places a network for inference where it delays nothing: to pack the weights of a large one takes tens of milliseconds and
 * more, which are those of a thread of its own.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Network, parameterCount } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";
import type { Placement } from "./placed.js";
import { placeForInference } from "./placement.js";

/** So many weights are packed within milliseconds. */
const MOST_PARAMETERS = 262_144;

/** What the thread is sent; weights in shared memory are read where they are, others copied. */
export interface PackingTask {
  readonly network: Network;
  readonly weights: Weights;
}

/** Places a valid network. */
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
