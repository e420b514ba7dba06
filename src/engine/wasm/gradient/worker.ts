/** A thread of a trainer: sleeps until there is a job, works on it with the others, and the last one to finish says so. */
import { parentPort, workerData } from "node:worker_threads";
import { CLOSED, JOB, TICKET } from "./records.js";

export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

const { module, memory } = workerData as WorkerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const work = exports["work"] as (job: number) => number;
const words = new Int32Array(memory.buffer);
const ticket = TICKET / 4;
const closed = CLOSED / 4;

let seen = 0;
while (true) {
  Atomics.wait(words, ticket, seen);
  seen = Atomics.load(words, ticket);
  if (Atomics.load(words, closed) !== 0) break;
  if (work(JOB) !== 0) parentPort?.postMessage(undefined);
}
