/** One thread of the crew: runs blocks of jobs until the crew is closed. */
import { parentPort, workerData } from "node:worker_threads";
import { type Kernels, kernelImports } from "./kernels.js";

const { kernels, memory, index, firstJob } = workerData as {
  kernels: Kernels;
  memory: WebAssembly.Memory;
  index: number;
  firstJob: number;
};
const port = parentPort!;
const imports = kernelImports(kernels, memory, () => port.postMessage("finished"));
const { exports } = new WebAssembly.Instance(kernels.module, imports);
port.postMessage("ready");
(exports["work"] as (worker: number, firstJob: number) => void)(index, firstJob);
