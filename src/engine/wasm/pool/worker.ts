/** One thread of a pool: runs blocks of jobs until the pool is closed. */
import { parentPort, workerData } from "node:worker_threads";
import { type Kernels, kernelImports } from "../kernels.js";
import { CONTROL } from "./layout.js";

export interface WorkerData {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** The thread's number in the pool, from 0. */
  readonly index: number;
  /** Jobs before this one are not looked at. */
  readonly firstJob: number;
}

const { kernels, memory, index, firstJob } = workerData as WorkerData;
const port = parentPort!;
const imports = kernelImports(kernels, memory, () => port.postMessage("finished"));
const { exports } = new WebAssembly.Instance(kernels.module, imports);
const constantsEnd = exports["constantsEnd"] as () => number;
if (constantsEnd() > CONTROL) throw new Error("The kernels' constants reach into the pool's control words.");
// Should the memory have grown while this thread was starting, V8 may still hold the size from before, and check
// memory.fill and memory.copy against that. Growing it by nothing takes the new size over.
memory.grow(0);
port.postMessage("ready");
(exports["work"] as (worker: number, firstJob: number) => void)(index, firstJob);
