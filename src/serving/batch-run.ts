/** One run of the engine: the windows of its slices put together, and the outputs handed back to each. */
import type { Outputs } from "../engine/engine.js";
import { ResiduaError } from "../errors.js";
import type { BatchTarget } from "./batch-job.js";
import type { BatchSlice } from "./batch-lane.js";

/** Arrays in which batches are put together; as many as there are runs at once. */
export class BatchBuffers {
  readonly #free: Float32Array[] = [];

  take(length: number): Float32Array {
    const buffer = this.#free.pop();
    return buffer === undefined || buffer.length < length ? new Float32Array(length) : buffer;
  }

  give(buffer: Float32Array): void {
    this.#free.push(buffer);
  }
}

export class BatchRun {
  readonly target: BatchTarget;
  readonly windows: number;
  readonly #slices: readonly BatchSlice[];
  readonly #buffers: BatchBuffers;

  constructor(target: BatchTarget, slices: readonly BatchSlice[], buffers: BatchBuffers) {
    this.target = target;
    this.windows = slices.reduce((sum, slice) => sum + slice.count, 0);
    this.#slices = slices;
    this.#buffers = buffers;
  }

  get requests(): number {
    return this.#slices.length;
  }

  /** Windows x timesteps. */
  get work(): number {
    return this.windows * this.target.executable.network.timesteps;
  }

  /** An engine that throws instead of rejecting is a failing run all the same. */
  async run(nowMs: number): Promise<Outputs> {
    for (const { job } of this.#slices) job.start(nowMs);
    const { timesteps, features } = this.target.executable.network;
    const size = timesteps * features;
    const [first] = this.#slices;
    // One request's windows are taken from where they lie.
    if (first !== undefined && this.#slices.length === 1) {
      return this.target.executable.run(windowsOf(first, size), this.windows);
    }
    const buffer = this.#buffers.take(this.windows * size);
    let offset = 0;
    for (const slice of this.#slices) {
      buffer.set(windowsOf(slice, size), offset);
      offset += slice.count * size;
    }
    try {
      return await this.target.executable.run(buffer.subarray(0, offset), this.windows);
    } finally {
      this.#buffers.give(buffer);
    }
  }

  deliver(outputs: Outputs, nowMs: number): void {
    let from = 0;
    for (const { job, at, count } of this.#slices) {
      job.accept(outputs, { from, runWindows: this.windows, at, count }, nowMs);
      from += count;
    }
  }

  /** Fails every request with windows in it; what is not the engine's own ResiduaError is INFERENCE_FAILED. */
  fail(cause: unknown): void {
    const error =
      cause instanceof ResiduaError
        ? cause
        : new ResiduaError("INFERENCE_FAILED", "The engine failed on a batch with this request's windows.", {
            cause,
          });
    for (const { job } of this.#slices) job.fail(error);
  }
}

function windowsOf({ job, at, count }: BatchSlice, size: number): Float32Array {
  return job.work.windows.subarray(at * size, (at + count) * size);
}
