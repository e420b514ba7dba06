/** The kernels on the thread that submits: for work that takes less time than waking another thread. */
import { type Kernels, kernelImports } from "../kernels.js";
import { describeJob, type Job } from "./job.js";
import { JOB_WORDS, OWN_SLOT } from "./layout.js";

export class OwnThread {
  readonly #runAlone: () => void;
  readonly #slot: Int32Array;

  constructor(kernels: Kernels, memory: WebAssembly.Memory) {
    const imports = kernelImports(kernels, memory, () => undefined);
    const { exports } = new WebAssembly.Instance(kernels.module, imports);
    this.#runAlone = exports["runAlone"] as () => void;
    this.#slot = new Int32Array(memory.buffer, OWN_SLOT, JOB_WORDS);
  }

  /** Runs a job of one block. */
  run(job: Job): void {
    describeJob(this.#slot, 0, job);
    this.#runAlone();
  }
}
