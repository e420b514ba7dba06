/** The kernels on the thread that submits: for work that takes less time than waking another thread. */
import { ResiduaError } from "../../../errors.js";
import { type Kernels, kernelImports } from "../kernels.js";
import { describeJob, type Job } from "./job.js";
import { JOB_WORDS, OWN_SLOT } from "./layout.js";

export class OwnThread {
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #slot: Int32Array;
  #runAlone: (() => void) | undefined;

  /** Takes next to no time: the kernels get their instance with the first job. */
  constructor(kernels: Kernels, memory: WebAssembly.Memory) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#slot = new Int32Array(memory.buffer, OWN_SLOT, JOB_WORDS);
  }

  /**
   * Runs a job of one block, while no other thread works on what it reads.
   *
   * @throws ResiduaError INFERENCE_FAILED where the kernels fail, as when a thread dies of a job.
   */
  run(job: Job): void {
    try {
      this.#runAlone ??= this.#instantiate();
      describeJob(this.#slot, 0, job);
      this.#runAlone();
    } catch (cause) {
      throw new ResiduaError("INFERENCE_FAILED", "The kernels of the wasm engine failed.", { cause });
    }
  }

  #instantiate(): () => void {
    const imports = kernelImports(this.#kernels, this.#memory, () => undefined);
    const { exports } = new WebAssembly.Instance(this.#kernels.module, imports);
    return exports["runAlone"] as () => void;
  }
}
