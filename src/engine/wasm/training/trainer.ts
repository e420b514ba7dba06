/** Training in WebAssembly: loss, gradients and Adam's step of a whole batch are one job of a pool of threads. */
import { type Network, validateNetwork, windowSize } from "../../../network/network.js";
import { checkWeights, type Weights } from "../../../network/weights.js";
import type { Loss, StepOptions, Trainer } from "../../engine.js";
import { type Kernels, loadKernels } from "../kernels.js";
import { JOB_KIND_TRAIN } from "../pool/layout.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { supportsWideVectors } from "../wide-vectors.js";
import { batchRecord, type Mode } from "./batch-record.js";
import { TRAINING } from "./layout.js";
import { ParameterLayout } from "./parameters.js";
import { type BatchPlacement, placeForTraining } from "./placement.js";
import { checkTrainable } from "./trainable.js";
import { checkBatch, type TrainingBatch } from "./training-batch.js";
import { TrainingMemory } from "./training-memory.js";

const BETA_1 = 0.9;
const BETA_2 = 0.999;
/** So many weights are worth one more thread, however few windows a batch has. */
const PARAMETERS_OF_A_THREAD = 2 ** 18;
/** Windows of one job where only the loss is asked for. */
const EVALUATION_WINDOWS = 256;

interface UpdateNumbers {
  /** The number of the step, from 0: what dropout drops depends on it. */
  readonly step: number;
  /** The learning rate with Adam's correction for its moments' start at 0. */
  readonly correctedRate: number;
  readonly clipNorm: number;
}

const NO_UPDATE: UpdateNumbers = { step: 0, correctedRate: 0, clipNorm: Number.POSITIVE_INFINITY };

export interface TrainerOptions {
  readonly loss: Loss;
  /** Drives dropout. */
  readonly seed: number;
  readonly threads: number;
  /** Called when the trainer has closed and its threads have ended. */
  readonly onClosed?: () => void;
}

/**
 * Starts a trainer with threads of its own.
 *
 * @param kernels checked ones; without them kernels are loaded unchecked, wide ones where they are supported.
 * @throws InputError where the network is not valid, reads what a linear path leaves, or has a LayerNormalization or a layer that starts
 *   from the state of another one; where the weights are not its; and where it takes more than 4 GiB.
 */
export async function createTrainer(
  network: Network,
  weights: Weights,
  options: TrainerOptions,
  kernels?: Kernels,
): Promise<Trainer> {
  validateNetwork(network);
  checkTrainable(network);
  checkWeights(network, weights);
  return new WasmTrainer(
    kernels ?? (await loadKernels("training", supportsWideVectors() ? "wide" : "narrow")),
    network,
    weights,
    options,
  );
}

/** A trainer in a WebAssembly memory of its own. `createTrainer` checks what this constructor takes as it is. */
export class WasmTrainer implements Trainer {
  readonly network: Network;
  readonly #options: TrainerOptions;
  readonly #layout: ParameterLayout;
  readonly #memory: TrainingMemory;
  readonly #threads: number;
  readonly #pool: Promise<WorkerPool>;
  #placement: BatchPlacement | undefined;
  #failure: unknown;
  /** Steps begun. */
  #steps = 0;
  /** Steps that changed the weights: t of Adam's correction. */
  #updates = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(kernels: Kernels, network: Network, weights: Weights, options: TrainerOptions) {
    this.network = network;
    this.#options = options;
    this.#layout = new ParameterLayout(network);
    this.#memory = new TrainingMemory(this.#layout.length, this.#layout.transposedLength);
    this.#layout.pack(weights, this.#memory.array("weights"));
    this.#threads = options.threads;
    this.#pool = WorkerPool.start(kernels, this.#memory.memory, options.threads);
    // The first batch reports what kept the threads from starting.
    this.#queue = this.#pool.catch((error: unknown) => {
      this.#failure = error;
    });
  }

  step(inputs: Float32Array, targets: Float32Array, count: number, options: StepOptions): Promise<number> {
    const { windowWeights } = options;
    const batch = { inputs, targets, count, windowWeights };
    return this.#enqueue(batch, async () => {
      this.#placeFor(count);
      const update = this.#updates + 1;
      const correction = Math.sqrt(1 - BETA_2 ** update) / (1 - BETA_1 ** update);
      const loss = await this.#run("train", batch, {
        step: this.#steps++,
        correctedRate: options.learningRate * correction,
        clipNorm: options.clipNorm ?? Number.POSITIVE_INFINITY,
      });
      const { updated } = this.#memory;
      if (updated) this.#updates = update;
      return updated || !Number.isFinite(loss) ? loss : Number.NaN;
    });
  }

  lossAndGradients(
    inputs: Float32Array,
    targets: Float32Array,
    count: number,
    windowWeights?: Float32Array,
  ): Promise<{ loss: number; gradients: Weights }> {
    const batch = { inputs, targets, count, windowWeights };
    return this.#enqueue(batch, async () => {
      this.#placeFor(count);
      const loss = await this.#run("gradients", batch, NO_UPDATE);
      return { loss, gradients: this.#layout.unpack(this.#memory.array("gradients")) };
    });
  }

  evaluate(windows: Float32Array, count: number): Promise<number> {
    const all = { inputs: windows, targets: windows, count, windowWeights: undefined };
    return this.#enqueue(all, async () => {
      const size = windowSize(this.network);
      const most = Math.min(count, EVALUATION_WINDOWS);
      if (this.#placement === undefined || this.#placement.windows < most) this.#placeFor(most);
      const room = this.#placement!.windows;
      let sum = 0;
      for (let first = 0; first < count; first += room) {
        const part = Math.min(room, count - first);
        const inputs = windows.subarray(first * size, (first + part) * size);
        const batch = { ...all, inputs, targets: inputs, count: part };
        sum += part * (await this.#run("evaluate", batch, NO_UPDATE));
      }
      return sum / count;
    });
  }

  weights(): Weights {
    return this.#layout.unpack(this.#memory.array("weights"));
  }

  async close(): Promise<void> {
    await this.#queue;
    this.#failure ??= new Error("The trainer is closed.");
    await (await this.#pool.catch(() => undefined))?.close();
    this.#options.onClosed?.();
  }

  /**
   * Jobs run one after the other. Rejects with RangeError where a batch is not whole, and with the cause of it once a
   * thread has died: nobody knows then what it left half done.
   */
  async #enqueue<Result>(batch: TrainingBatch, task: () => Promise<Result>): Promise<Result> {
    checkBatch(batch, this.network);
    const result = this.#queue.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return task();
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Places batches of `count` windows in memory, unless the last one was as large. */
  #placeFor(count: number): void {
    if (this.#placement?.windows === count) return;
    const memory = this.#memory;
    const { arraysEnd, transposedKernels } = memory;
    const placement = placeForTraining(
      this.network,
      this.#layout,
      { ...memory.arrays, transposedKernels },
      { windows: count, threads: this.#threads, start: arraysEnd },
    );
    memory.reserve(placement.end, `this network on ${count} windows at a time`);
    new Uint8Array(memory.buffer, arraysEnd, placement.end - arraysEnd).fill(0);
    for (const { space } of [placement.group, placement.lastGroup]) space.write(memory.buffer);
    this.#placement = placement;
  }

  /** Runs one job on the placed memory, and returns its loss. */
  async #run(mode: Mode, batch: TrainingBatch, update: UpdateNumbers): Promise<number> {
    const placement = this.#placement!;
    const { inputs, targets, count, windowWeights } = batch;
    const size = count * windowSize(this.network);
    const floats = new Float32Array(this.#memory.buffer);
    floats.set(inputs.subarray(0, size), placement.inputs / 4);
    if (inputs !== targets) floats.set(targets.subarray(0, size), placement.targets / 4);
    const weightsAt = placement.windowWeights / 4;
    if (windowWeights === undefined) floats.fill(1, weightsAt, weightsAt + count);
    else floats.set(windowWeights.subarray(0, count), weightsAt);
    // Fewer threads than there are where waking more costs more.
    const parts = Math.ceil(Math.min(count, placement.groupWindows) / 2);
    const useful = Math.max(parts, this.#layout.length / PARAMETERS_OF_A_THREAD);
    const threads = Math.min(this.#threads, Math.ceil(useful));
    const words = batchRecord(placement, this.network, {
      mode,
      threads,
      windows: count,
      sameTargets: inputs === targets,
      absolute: this.#options.loss === "mae",
      seed: this.#options.seed,
      step: update.step,
      arrays: this.#memory.arrays,
      parameterCount: this.#layout.length,
    });
    this.#memory.writeBatch(words, update.correctedRate, update.clipNorm);
    const pool = await this.#pool;
    try {
      await pool.run({
        kind: JOB_KIND_TRAIN,
        plan: TRAINING,
        rows: threads,
        work: count * this.#layout.length * this.network.timesteps,
        blocks: threads,
        together: true,
        scratch: 0,
        scratchStride: 0,
        places: [],
      });
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
    return this.#memory.loss;
  }
}
