/** The engine that runs on any CPU: WebAssembly SIMD on a crew of worker threads. */
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Engine } from "../engine.js";
import { Crew } from "./crew.js";
import { compileNetwork, type WasmExecutable } from "./executable.js";
import { SharedHeap } from "./heap.js";
import { loadKernels } from "./kernels.js";

/** @param options.threads worker threads, 1 or more. Resolves when they are ready. */
export async function createWasmEngine(options: { threads: number }): Promise<Engine> {
  const heap = new SharedHeap();
  return new WasmEngine(heap, await Crew.start(await loadKernels(), heap, options.threads));
}

export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly device = "cpu";
  readonly heap: SharedHeap;
  readonly crew: Crew;

  constructor(heap: SharedHeap, crew: Crew) {
    this.heap = heap;
    this.crew = crew;
  }

  async compile(network: Network, weights: Weights): Promise<WasmExecutable> {
    return compileNetwork(this.heap, this.crew, network, weights);
  }

  async close(): Promise<void> {
    await this.crew.close();
  }
}
