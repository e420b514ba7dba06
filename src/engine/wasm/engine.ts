/** The engine that runs on any CPU: WebAssembly SIMD on a pool of worker threads. */
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Loss, Trainer, TrainingEngine } from "../engine.js";
import { type CheckOptions, checkedKernels, type WarningLog } from "./checked-kernels.js";
import { compileNetwork, type WasmExecutable } from "./inference/executable.js";
import { SharedHeap } from "./inference/heap.js";
import { probeInference } from "./inference-probe.js";
import type { Kernels } from "./kernels.js";
import { WorkerPool } from "./pool/worker-pool.js";
import { createTrainer } from "./training/trainer.js";
import { probeTraining } from "./training-probe.js";
import type { WideVectors } from "./wide-vectors.js";

export interface WasmEngineOptions {
  /** Worker threads, 1 or more. */
  readonly threads: number;
  /** The setting RESIDUA_WIDE_VECTORS; `auto` unless given. */
  readonly wideVectors?: WideVectors;
  /** Takes the one line that says that wide vectors are not used although they are supported; stderr unless given. */
  readonly log?: WarningLog;
}

/** Resolves when the threads are ready. */
export async function createWasmEngine(options: WasmEngineOptions): Promise<WasmEngine> {
  const check = { setting: options.wideVectors ?? "auto", log: options.log ?? logToStderr };
  const kernels = await checkedKernels("inference", probeInference, check);
  const heap = new SharedHeap();
  return new WasmEngine(heap, await WorkerPool.start(kernels, heap.memory, options.threads), kernels, check);
}

export class WasmEngine implements TrainingEngine {
  readonly name = "wasm";
  readonly device = "cpu";
  readonly heap: SharedHeap;
  readonly pool: WorkerPool;
  /** Width of the kernels' vectors. */
  readonly vectorBits: 128 | 256;
  readonly #check: CheckOptions;
  /** Those that have not closed. */
  readonly #trainers = new Set<Trainer>();

  /**
   * @param kernels those that the pool runs.
   * @param check how the kernels for training are checked, once there is something to train.
   */
  constructor(heap: SharedHeap, pool: WorkerPool, kernels: Kernels, check: CheckOptions) {
    this.heap = heap;
    this.pool = pool;
    this.vectorBits = kernels.wide ? 256 : 128;
    this.#check = check;
  }

  async compile(network: Network, weights: Weights): Promise<WasmExecutable> {
    return compileNetwork(this.heap, this.pool, network, weights);
  }

  get restarts(): number {
    return this.pool.restarts;
  }

  /** Trainers have as many threads of their own, which sleep while there is no step. */
  async train(network: Network, weights: Weights, options: { loss: Loss; seed: number }): Promise<Trainer> {
    const kernels = await checkedKernels("training", probeTraining, this.#check);
    // A trainer that has closed is forgotten, and its memory with it: `residua train --each` makes thousands.
    const onClosed = (): void => {
      this.#trainers.delete(trainer);
    };
    const settings = { ...options, threads: this.pool.threads, onClosed };
    const trainer = await createTrainer(network, weights, settings, kernels);
    this.#trainers.add(trainer);
    return trainer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#trainers].map((trainer) => trainer.close()));
    await this.pool.close();
  }
}

function logToStderr(_level: string, message: string): void {
  console.error(message);
}
