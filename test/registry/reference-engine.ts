/** An engine in plain float64: slow, for networks of a few units, and easy to hold back or to break. */
import type { Engine, Executable } from "../../src/engine/engine.js";
import { type Network, windowSize } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";
import { runReference } from "../engine/reference-network.js";

export class ReferenceEngine implements Engine {
  readonly name = "wasm";
  readonly device = "cpu";
  /** How many executables are open. */
  open = 0;
  /** How many networks were compiled. */
  compiled = 0;
  /** Awaited before a network is compiled. */
  beforeCompile: () => Promise<void> = async () => undefined;
  /** Added to every output: an engine that answers otherwise. */
  offset = 0;

  async compile(network: Network, weights: Weights): Promise<Executable> {
    await this.beforeCompile();
    this.open++;
    this.compiled++;
    const size = windowSize(network);
    return {
      network,
      run: async (windows, count) => {
        const outputs = Array.from({ length: count }, (_, n) =>
          runReference(network, weights, windows.subarray(n * size, (n + 1) * size)),
        );
        const joined = (parts: Float64Array[]): Float32Array =>
          Float32Array.from(
            parts.flatMap((part) => [...part]),
            (value) => value + this.offset,
          );
        return {
          heads: network.heads.map((_, at) => joined(outputs.map(({ heads }) => heads[at]!))),
          embedding: joined(outputs.map(({ embedding }) => embedding)),
        };
      },
      close: async () => {
        this.open--;
      },
    };
  }

  async close(): Promise<void> {}
}
