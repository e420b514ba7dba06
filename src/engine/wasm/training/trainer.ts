/** Training in WebAssembly: loss, gradients and Adam's step of a whole batch are one job of a pool of threads. */
import { type Network, validateNetwork, windowSize } from "../../../network/network.js";
import { checkWeights, type Weights } from "../../../network/weights.js";
import type { Loss, StepOptions, Trainer } from "../../engine.js";
import { type Kernels, loadKernels } from "../kernels.js";
import { supportsWideVectors } from "../wide-vectors.js";
import { batchRecord, type Mode } from "./batch-record.js";
import { ParameterLayout } from "./parameters.js";
import { type BatchPlacement, placeForTraining } from "./placement.js";
import { checkTrainable } from "./trainable.js";
import { checkBatch, type TrainingBatch } from "./training-batch.js";
import { TrainingMemory } from "./training-memory.js";
import { TrainingThreads } from "./training-threads.js";

const BETA_1 = 0.9;
const BETA_2 = 0.999;
/** So many weights are worth one more thread, however few windows a batch has. */
const PARAMETERS_OF_A_THREAD = 2 ** 18;
/**
 * Multiply-adds of a batch up to which the calling thread runs it by itself: those of a third of a millisecond of a dense
 * network. Two threads need the time that they save to be woken and to meet, and where the machine is busy far more.
 */
export const SHORT_WORK = 4_000_000;
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
  /** Multiply-adds of a batch up to which the calling thread runs it by itself; 0 for none. `SHORT_WORK` if left out. */
  readonly shortWork?: number;
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
  readonly #threads: TrainingThreads;
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
    this.#threads = new TrainingThreads(kernels, this.#memory.memory, options.threads);
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
    await this.#threads.close();
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
      { windows: count, threads: this.#options.threads, start: arraysEnd },
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
    const work = this.#workOf(mode, count);
    const isShort = work <= (this.#options.shortWork ?? SHORT_WORK) && this.#threadsOfParameters <= 1;
    const threads = isShort ? 1 : this.#usefulThreads(count);
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
    try {
      await (isShort ? this.#threads.runHere() : this.#threads.run(threads, work));
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
    return this.#memory.loss;
  }

  /** Multiply-adds of a batch, roughly: the way back takes the gradients of the weights, and those of what layers read. */
  #workOf(mode: Mode, count: number): number {
    const { group, groupWindows } = this.#placement!;
    return (mode === "evaluate" ? 1 : 3) * count * (group.gradientWork / groupWindows);
  }

  /** Fewer threads than there are where waking more costs more. */
  #usefulThreads(count: number): number {
    const parts = Math.ceil(Math.min(count, this.#placement!.groupWindows) / 2);
    return Math.min(this.#options.threads, Math.ceil(Math.max(parts, this.#threadsOfParameters)));
  }

  /** For how many threads there is work with the weights, however few windows a batch has. */
  get #threadsOfParameters(): number {
    return this.#layout.length / PARAMETERS_OF_A_THREAD;
  }
}
