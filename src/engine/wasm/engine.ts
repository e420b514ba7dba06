/** The engine that runs on any CPU: WebAssembly SIMD on a pool of worker threads. */
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Loss, Trainer, TrainingEngine } from "../engine.js";
import { compileNetwork, type WasmExecutable } from "./inference/executable.js";
import { SharedHeap } from "./inference/heap.js";
import { loadKernels } from "./kernels.js";
import { WorkerPool } from "./pool/worker-pool.js";
import { createTrainer } from "./training/trainer.js";

/** @param options.threads worker threads, 1 or more. Resolves when they are ready. */
export async function createWasmEngine(options: { threads: number }): Promise<WasmEngine> {
  const heap = new SharedHeap();
  return new WasmEngine(
    heap,
    await WorkerPool.start(await loadKernels("inference"), heap.memory, options.threads),
  );
}

export class WasmEngine implements TrainingEngine {
  readonly name = "wasm";
  readonly device = "cpu";
  readonly heap: SharedHeap;
  readonly pool: WorkerPool;
  readonly #trainers = new Set<Trainer>();

  constructor(heap: SharedHeap, pool: WorkerPool) {
    this.heap = heap;
    this.pool = pool;
  }

  async compile(network: Network, weights: Weights): Promise<WasmExecutable> {
    return compileNetwork(this.heap, this.pool, network, weights);
  }

  /** Trainers have as many threads of their own, which sleep while there is no step. */
  async train(network: Network, weights: Weights, options: { loss: Loss; seed: number }): Promise<Trainer> {
    const trainer = await createTrainer(network, weights, { ...options, threads: this.pool.threads });
    this.#trainers.add(trainer);
    return trainer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#trainers].map((trainer) => trainer.close()));
    await this.pool.close();
  }
}
