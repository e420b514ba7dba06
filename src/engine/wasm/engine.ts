/** The engine that runs on any CPU: WebAssembly SIMD on a crew of worker threads. */
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Loss, Trainer, TrainingEngine } from "../engine.js";
import { Crew } from "./crew.js";
import { compileNetwork, type WasmExecutable } from "./executable.js";
import { SharedHeap } from "./heap.js";
import { loadKernels } from "./kernels.js";
import { createTrainer } from "./trainer.js";

/** @param options.threads worker threads, 1 or more. Resolves when they are ready. */
export async function createWasmEngine(options: { threads: number }): Promise<WasmEngine> {
  const heap = new SharedHeap();
  return new WasmEngine(heap, await Crew.start(await loadKernels(), heap, options.threads));
}

export class WasmEngine implements TrainingEngine {
  readonly name = "wasm";
  readonly device = "cpu";
  readonly heap: SharedHeap;
  readonly crew: Crew;
  readonly #trainers = new Set<Trainer>();

  constructor(heap: SharedHeap, crew: Crew) {
    this.heap = heap;
    this.crew = crew;
  }

  async compile(network: Network, weights: Weights): Promise<WasmExecutable> {
    return compileNetwork(this.heap, this.crew, network, weights);
  }

  /** Trainers have as many threads of their own, which sleep while there is no step. */
  async train(network: Network, weights: Weights, options: { loss: Loss; seed: number }): Promise<Trainer> {
    const trainer = await createTrainer(network, weights, { ...options, threads: this.crew.threads });
    this.#trainers.add(trainer);
    return trainer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#trainers].map((trainer) => trainer.close()));
    await this.crew.close();
  }
}
