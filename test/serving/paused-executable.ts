/** An executable whose runs end when told. Its head gives each window back, its embedding the window's first reading. */
import type { Executable, Outputs } from "../../src/engine/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import type { Network } from "../../src/network/network.js";
import { settle } from "./manual-scheduler.js";

interface Run {
  readonly windows: Float32Array;
  readonly count: number;
  readonly resolve: (outputs: Outputs) => void;
  readonly reject: (error: unknown) => void;
}

export class PausedExecutable implements Executable {
  readonly network: Network;
  /** Undefined, as where a larger run is always better. */
  efficientWindows?: number;
  /** Windows of every run that was begun. */
  readonly counts: number[] = [];
  readonly #runs: Run[] = [];

  constructor(timesteps = 2, features = 1) {
    this.network = buildNetwork({
      family: "reconstruction",
      timesteps,
      features,
      units: [1],
      activation: "tanh",
    });
  }

  get underWay(): number {
    return this.#runs.length;
  }

  run(windows: Float32Array, count: number): Promise<Outputs> {
    this.counts.push(count);
    const copy = windows.slice(0, count * this.network.timesteps * this.network.features);
    return new Promise((resolve, reject) => this.#runs.push({ windows: copy, count, resolve, reject }));
  }

  /** The first reading of each window of the oldest run. */
  get firstReadings(): number[] {
    const { windows, count } = this.#runs[0]!;
    return Array.from({ length: count }, (_, i) => windows[(i * windows.length) / count]!);
  }

  async finish(): Promise<void> {
    const { windows, count, resolve } = this.#runs.shift()!;
    const size = windows.length / count;
    const embedding = Float32Array.from({ length: count }, (_, i) => windows[i * size]!);
    resolve({ heads: [windows], embedding });
    await settle();
  }

  async fail(error: unknown): Promise<void> {
    this.#runs.shift()!.reject(error);
    await settle();
  }

  async close(): Promise<void> {}
}

/** `count` windows whose readings are all `value` plus the window's number. */
export function windowsOf(executable: PausedExecutable, count: number, value = 0): Float32Array {
  const size = executable.network.timesteps * executable.network.features;
  return Float32Array.from({ length: count * size }, (_, i) => value + Math.floor(i / size));
}
