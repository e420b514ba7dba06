/** The kernels on the thread that submits: for what takes less time than the way to another thread and back. */
import type { SharedHeap } from "./heap.js";
import { describeJob, type Job } from "./job.js";
import { type Kernels, kernelImports } from "./kernels.js";
import { JOB_WORDS } from "./layout.js";

/** It has a slot of its own, beside the ring. */
export class OwnThread {
  readonly #runAlone: (slot: number) => void;
  readonly #address: number;
  readonly #words: Int32Array;

  constructor(kernels: Kernels, heap: SharedHeap) {
    const imports = kernelImports(kernels, heap.memory, () => undefined);
    const { exports } = new WebAssembly.Instance(kernels.module, imports);
    this.#runAlone = exports["runAlone"] as (slot: number) => void;
    this.#address = heap.allocate(4 * JOB_WORDS);
    this.#words = heap.words(this.#address, JOB_WORDS);
  }

  run(job: Job): void {
    describeJob(this.#words, 0, job);
    this.#runAlone(this.#address);
  }
}
