/**
 * One run of the engine: the windows of several requests put together, and the outputs handed back to each.
 */
import type { Outputs } from "../engine/engine.js";
import { ResiduaError } from "../errors.js";
import type { BatchTarget } from "./batch-job.js";
import type { Portion } from "./batch-lane.js";

/** Arrays in which batches are put together, kept for later runs; there are as many as runs at once. */
export class BatchBuffers {
  readonly #free: Float32Array[] = [];

  /** An array of at least this length, with any contents. */
  take(length: number): Float32Array {
    const buffer = this.#free.pop();
    return buffer === undefined || buffer.length < length ? new Float32Array(length) : buffer;
  }

  /** Gives an array back, which must not be used any more. */
  give(buffer: Float32Array): void {
    this.#free.push(buffer);
  }
}

export class BatchRun {
  readonly target: BatchTarget;
  readonly windows: number;
  readonly #portions: readonly Portion[];
  readonly #buffers: BatchBuffers;

  constructor(target: BatchTarget, portions: readonly Portion[], buffers: BatchBuffers) {
    this.target = target;
    this.windows = portions.reduce((sum, portion) => sum + portion.count, 0);
    this.#portions = portions;
    this.#buffers = buffers;
  }

  get requests(): number {
    return this.#portions.length;
  }

  /** Windows x timesteps. */
  get work(): number {
    return this.windows * this.target.executable.network.timesteps;
  }

  /** Rejects where the engine throws, too. */
  async run(nowMs: number): Promise<Outputs> {
    for (const { job } of this.#portions) job.start(nowMs);
    const { timesteps, features, covariates = 0 } = this.target.executable.network;
    const size = timesteps * (features + covariates);
    const [first] = this.#portions;
    // The windows of a single request need not be copied.
    if (first !== undefined && this.#portions.length === 1) {
      return this.target.executable.run(windowsOf(first, size), this.windows);
    }
    const buffer = this.#buffers.take(this.windows * size);
    let offset = 0;
    for (const portion of this.#portions) {
      buffer.set(windowsOf(portion, size), offset);
      offset += portion.count * size;
    }
    try {
      return await this.target.executable.run(buffer.subarray(0, offset), this.windows);
    } finally {
      this.#buffers.give(buffer);
    }
  }

  /** Hands each request its own outputs. @param nowMs on the clock of the scheduler. */
  deliver(outputs: Outputs, nowMs: number): void {
    let from = 0;
    for (const { job, at, count } of this.#portions) {
      job.accept(outputs, { from, runWindows: this.windows, at, count }, nowMs);
      from += count;
    }
  }

  /**
   * Fails every request in the run, with the engine's own ResiduaError, or INFERENCE_FAILED for any other
   * cause.
   */
  fail(cause: unknown): void {
    const error =
      cause instanceof ResiduaError
        ? cause
        : new ResiduaError("INFERENCE_FAILED", "The engine failed on a batch with this request's windows.", {
            cause,
          });
    for (const { job } of this.#portions) job.fail(error);
  }
}

function windowsOf({ job, at, count }: Portion, size: number): Float32Array {
  return job.work.windows.subarray(at * size, (at + count) * size);
}
