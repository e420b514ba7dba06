/** A thread of a trainer: sleeps until there is a job, works on it with the others, and the last one to finish says so. */
import { parentPort, workerData } from "node:worker_threads";
import { type Kernels, kernelImports } from "../kernels.js";
import { CLOSED, JOB, TICKETS } from "./records.js";

export interface WorkerData {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** The thread's number, from 0. */
  readonly index: number;
}

const { kernels, memory, index } = workerData as WorkerData;
const { exports } = new WebAssembly.Instance(
  kernels.module,
  kernelImports(kernels, memory, () => undefined),
);
const work = exports["work"] as (job: number, thread: number) => number;
const constantsEnd = exports["constantsEnd"] as () => number;
if (constantsEnd() > JOB) throw new Error("The training kernels' constants reach into their job.");
const words = new Int32Array(memory.buffer);
const ticket = TICKETS / 4 + index;
const closed = CLOSED / 4;

let seen = 0;
while (true) {
  Atomics.wait(words, ticket, seen);
  seen = Atomics.load(words, ticket);
  if (Atomics.load(words, closed) !== 0) break;
  if (work(JOB, index) !== 0) parentPort?.postMessage(undefined);
}
