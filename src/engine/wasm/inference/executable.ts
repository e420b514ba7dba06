/** A network in the engine's memory, ready to run. */

import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { ResiduaError } from "../../../errors.js";
import {
  embeddingUnits,
  inputWidth,
  type Network,
  parameterCount,
  validateNetwork,
  windowSize,
} from "../../../network/network.js";
import { checkWeightShapes, type Weights } from "../../../network/weights.js";
import type { Executable, Outputs } from "../../engine.js";
import { OP_WORDS, PLAN_HEADER_WORDS, SCRATCH_KERNEL_BYTES } from "../plan/layout.js";
import { JOB_KIND_FORWARD } from "../pool/layout.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import type { SharedHeap } from "./heap.js";
import { place } from "./packing-thread.js";
import { placedRecord } from "./placed.js";

/** Rows of a block: the states of 36 stay in the first-level cache, and each tile of weights that is read serves them all. */
const MAX_BLOCK_ROWS = 36;
/** Blocks have fewer rows where the values of 36 would take more than this. */
const SCRATCH_BYTES = 4 * 1024 * 1024;
/** From here on, weights come from the nearest cache for nearly all rows. */
const EFFICIENT_WINDOWS = 32;
/**
 * Multiply-adds, some tens of milliseconds' of a thread, beyond which a run holds up those of other models: the windows
 * of a very large network run a few at a time, although more would take less time per window.
 */
const FAIR_WORK = 1_000_000_000;
/** Windows and outputs of one job in memory; a longer run is several jobs, one after the other. */
const MAX_JOB_BYTES = 64 * 1024 * 1024;

/**
 * Multiply-adds of a window that the submitting thread runs itself while the pool is idle: 0.2 to 0.3 ms, where waking a
 * thread and being woken takes 0.1 ms and, on a busy machine, more.
 */
const SHORT_WORK = 6_000_000;

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** So many numbers are copied before other requests are served. */
const COPY_FLOATS = 1024 * 1024;

/**
 * The executable of a network. Rejects with InputError where the network is not valid or the weights do not fit it, and
 * with ResiduaError INFERENCE_FAILED where the memory has no room just now: the bundle is not to blame, and there may be
 * room once another one is closed.
 * @param weights finite ones: whoever reads a bundle has looked at all of them, which takes long for a large one.
 */
export async function compileNetwork(
  heap: SharedHeap,
  pool: WorkerPool,
  network: Network,
  weights: Weights,
): Promise<WasmExecutable> {
  validateNetwork(network);
  checkWeightShapes(network, weights);
  const { operations, constants, scratch } = await place(network, weights);
  const perRow = scratch.reduce((sum, { rowBytes }) => sum + rowBytes, 0);
  // A row without a partner costs nearly as much as two.
  const blockRows = Math.max(1, Math.min(MAX_BLOCK_ROWS, 2 * Math.floor(SCRATCH_BYTES / perRow / 2)));
  let scratchBytes = SCRATCH_KERNEL_BYTES;
  for (const { storage, rowBytes } of scratch) {
    storage.offset = scratchBytes;
    scratchBytes += aligned(rowBytes * blockRows);
  }
  const planBytes = aligned(4 * (PLAN_HEADER_WORDS + OP_WORDS * operations.length));
  const bytes = constants.reduce((sum, { data }) => sum + aligned(data.byteLength), planBytes);
  let at: number;
  try {
    at = heap.allocate(bytes);
  } catch (error) {
    throw new ResiduaError("INFERENCE_FAILED", "The engine has no memory for this network.", {
      cause: error,
    });
  }
  let next = at + planBytes;
  for (const { storage, data } of constants) {
    storage.offset = next;
    for (let from = 0; from < data.length; from += COPY_FLOATS) {
      const some = data.subarray(from, from + COPY_FLOATS);
      heap.floats(next + 4 * from, some.length).set(some);
      if (some.length === COPY_FLOATS) await yieldToEventLoop();
    }
    next += aligned(data.byteLength);
  }
  const plan = heap.words(at, PLAN_HEADER_WORDS + OP_WORDS * operations.length);
  plan.fill(0);
  plan[0] = operations.length;
  operations.forEach((operation, index) => {
    plan.set(placedRecord(operation), PLAN_HEADER_WORDS + OP_WORDS * index);
  });
  return new WasmExecutable(heap, pool, network, at, blockRows, scratchBytes);
}

export class WasmExecutable implements Executable {
  readonly network: Network;
  readonly efficientWindows: number;
  readonly #heap: SharedHeap;
  readonly #pool: WorkerPool;
  readonly #plan: number;
  readonly #blockRows: number;
  readonly #scratchBytes: number;
  /** Floats of one window, and of each output of one window: the embedding, then the heads. */
  readonly #windowFloats: number;
  readonly #outputFloats: readonly number[];
  /** Multiply-adds of a window, roughly. */
  readonly #windowWork: number;
  readonly #runs = new Set<Promise<unknown>>();
  #closed = false;

  constructor(
    heap: SharedHeap,
    pool: WorkerPool,
    network: Network,
    plan: number,
    blockRows: number,
    scratchBytes: number,
  ) {
    this.#heap = heap;
    this.#pool = pool;
    this.network = network;
    this.#plan = plan;
    this.#blockRows = blockRows;
    this.#scratchBytes = scratchBytes;
    this.#windowFloats = windowSize(network);
    this.#windowWork = parameterCount(network) * network.timesteps;
    const fair = Math.floor((FAIR_WORK * pool.threads) / this.#windowWork);
    this.efficientWindows = Math.max(1, Math.min(EFFICIENT_WINDOWS, fair));
    this.#outputFloats = [
      embeddingUnits(network),
      ...network.heads.map((head) => head.steps * network.features),
    ];
  }

  async run(windows: Float32Array, count: number): Promise<Outputs> {
    if (this.#closed)
      throw new ResiduaError("MODEL_NOT_READY", "This version of the model is closed.", {
        retryAfterSeconds: 1,
      });
    if (!Number.isInteger(count) || count < 1 || windows.length < count * this.#windowFloats) {
      throw new RangeError(
        `${windows.length} numbers are not ${count} windows of ${this.network.timesteps} timesteps and ${inputWidth(this.network)} numbers each.`,
      );
    }
    const run = this.#run(windows, count);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#runs);
    this.#heap.release(this.#plan);
  }

  async #run(windows: Float32Array, count: number): Promise<Outputs> {
    const outputs = this.#outputFloats.map((floats) => new Float32Array(count * floats));
    const windowBytes = 4 * this.#outputFloats.reduce((sum, floats) => sum + floats, this.#windowFloats);
    const most = Math.max(1, Math.floor(MAX_JOB_BYTES / windowBytes));
    for (let first = 0; first < count; first += most) {
      await this.#runJob(windows, first, Math.min(most, count - first), outputs);
    }
    const [embedding, ...heads] = outputs;
    return { heads, embedding: embedding! };
  }

  /** Runs windows `first` to `first + count` and puts their outputs in place. */
  async #runJob(windows: Float32Array, first: number, count: number, outputs: Float32Array[]): Promise<void> {
    const blocks = Math.max(Math.ceil(count / this.#blockRows), Math.min(this.#pool.threads, count));
    const floats = [this.#windowFloats, ...this.#outputFloats];
    const spans = floats.map((each) => aligned(4 * each * count));
    const scratchSpan = this.#pool.threads * this.#scratchBytes;
    const base = this.#allocate(spans.reduce((sum, bytes) => sum + bytes, scratchSpan));
    try {
      let next = base + scratchSpan;
      const places = spans.map((bytes) => {
        next += bytes;
        return next - bytes;
      });
      const size = this.#windowFloats;
      this.#heap.floats(places[0]!, count * size).set(windows.subarray(first * size, (first + count) * size));
      const job = {
        kind: JOB_KIND_FORWARD,
        plan: this.#plan,
        rows: count,
        work: count * this.#windowWork,
        blocks,
        together: false,
        scratch: base,
        scratchStride: this.#scratchBytes,
        places,
      };
      if (count === 1 && this.#windowWork <= SHORT_WORK && this.#pool.isIdle) this.#pool.runHere(job);
      else await this.#pool.run(job);
      outputs.forEach((output, index) => {
        const each = this.#outputFloats[index]!;
        output.set(this.#heap.floats(places[index + 1]!, count * each), first * each);
      });
    } finally {
      this.#heap.release(base);
    }
  }

  #allocate(bytes: number): number {
    try {
      return this.#heap.allocate(bytes);
    } catch (error) {
      throw new ResiduaError("INFERENCE_FAILED", "The engine has no memory for this run.", { cause: error });
    }
  }
}
