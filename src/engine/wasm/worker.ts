/** One thread of the crew: runs blocks of jobs until the crew is closed. */
import { parentPort, workerData } from "node:worker_threads";

interface Kernels {
  work(worker: number, firstJob: number): void;
}

const { module, memory, index, firstJob } = workerData as {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  index: number;
  firstJob: number;
};
const port = parentPort!;
const instance = new WebAssembly.Instance(module, {
  env: { memory },
  residua: { finished: () => port.postMessage("finished") },
});
port.postMessage("ready");
(instance.exports as unknown as Kernels).work(index, firstJob);
