/** Training in WebAssembly: loss, gradients and Adam's step of a whole batch are one job of a crew of threads. */
import { type Network, validateNetwork } from "../../network/network.js";
import { checkWeights, type Weights } from "../../network/weights.js";
import type { Loss, StepOptions, Trainer } from "../engine.js";
import { ParameterLayout } from "./gradient/parameters.js";
import { BLOCK_WINDOWS, type Plan, planBatch } from "./gradient/plan.js";
import { MODES, type Mode } from "./gradient/records.js";
import { TrainingThreads } from "./gradient/threads.js";
import { TrainingMemory } from "./gradient/training-memory.js";
import { type Kernels, loadKernels } from "./kernels.js";
import { checkBatch, type TrainingBatch } from "./training-batch.js";
import { supportsWideVectors } from "./wide-vectors.js";

const BETA_1 = 0.9;
const BETA_2 = 0.999;
/** Weights that are worth a thread, however few the windows. */
const PARAMETERS_OF_A_THREAD = 2 ** 18;
/** Windows of one job where only the loss is asked for. */
const EVALUATION_WINDOWS = 256;

interface UpdateNumbers {
  /** Counts the masks of dropout. */
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
}

/**
 * Starts a trainer with threads of its own. Throws InputError if the network is not valid or the weights are not its.
 * @param kernels checked ones; without them kernels are loaded unchecked, wide ones where they are supported.
 */
export async function createTrainer(
  network: Network,
  weights: Weights,
  options: TrainerOptions,
  kernels?: Kernels,
): Promise<Trainer> {
  validateNetwork(network);
  checkWeights(network, weights);
  return new WasmTrainer(
    kernels ?? (await loadKernels("./gradient", supportsWideVectors() ? "wide" : "narrow")),
    network,
    weights,
    options,
  );
}

/** `createTrainer` makes them. */
export class WasmTrainer implements Trainer {
  readonly network: Network;
  readonly #options: TrainerOptions;
  readonly #layout: ParameterLayout;
  readonly #memory: TrainingMemory;
  readonly #threads: TrainingThreads;
  #plan: Plan | undefined;
  /** Steps begun, and steps that changed the weights. */
  #steps = 0;
  #updates = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(kernels: Kernels, network: Network, weights: Weights, options: TrainerOptions) {
    this.network = network;
    this.#options = options;
    this.#layout = new ParameterLayout(network);
    this.#memory = new TrainingMemory(this.#layout.length, this.#layout.turnedLength);
    this.#layout.pack(weights, this.#memory.array("weights"));
    this.#threads = new TrainingThreads(kernels, this.#memory.memory, options.threads);
  }

  step(inputs: Float32Array, targets: Float32Array, count: number, options: StepOptions): Promise<number> {
    const { windowWeights } = options;
    const batch = { inputs, targets, count, windowWeights };
    return this.#enqueue(batch, async () => {
      this.#planFor(count);
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
      this.#planFor(count);
      const loss = await this.#run("gradients", batch, NO_UPDATE);
      return { loss, gradients: this.#layout.unpack(this.#memory.array("gradients")) };
    });
  }

  evaluate(windows: Float32Array, count: number): Promise<number> {
    const all = { inputs: windows, targets: windows, count, windowWeights: undefined };
    return this.#enqueue(all, async () => {
      const size = this.network.timesteps * this.network.features;
      const most = Math.min(count, EVALUATION_WINDOWS);
      if (this.#plan === undefined || this.#plan.windows < most) this.#planFor(most);
      const room = this.#plan!.windows;
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
    await this.#threads.close();
  }

  /** Jobs run one after the other. Rejects with RangeError where a batch is not whole. */
  async #enqueue<Result>(batch: TrainingBatch, task: () => Promise<Result>): Promise<Result> {
    checkBatch(batch, this.network);
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Lays the memory out for batches of `count` windows, unless it is. */
  #planFor(count: number): void {
    if (this.#plan?.windows === count) return;
    const memory = this.#memory;
    const { arraysEnd } = memory;
    const addresses = { ...memory.arrays, turnedKernels: memory.turnedKernels };
    const plan = planBatch(this.network, this.#layout, addresses, count, this.#threads.count, arraysEnd);
    memory.reserve(plan.end, `this network on ${count} windows at a time`);
    new Uint8Array(memory.buffer, arraysEnd, plan.end - arraysEnd).fill(0);
    for (const { space } of [plan.group, plan.lastGroup]) space.write(memory.buffer);
    this.#plan = plan;
  }

  /** Runs one job on the planned memory, and returns its loss. */
  async #run(
    mode: Mode,
    { inputs, targets, count, windowWeights }: TrainingBatch,
    { step, correctedRate, clipNorm }: UpdateNumbers,
  ): Promise<number> {
    const plan = this.#plan!;
    const { timesteps, features } = this.network;
    const size = count * timesteps * features;
    const same = inputs === targets;
    const floats = new Float32Array(this.#memory.buffer);
    floats.set(inputs.subarray(0, size), plan.inputs / 4);
    if (!same) floats.set(targets.subarray(0, size), plan.targets / 4);
    const weightsAt = plan.windowWeights / 4;
    if (windowWeights === undefined) floats.fill(1, weightsAt, weightsAt + count);
    else floats.set(windowWeights.subarray(0, count), weightsAt);
    // Fewer threads than there are where waking more costs more.
    const parts = Math.ceil(Math.min(count, plan.groupWindows) / 2);
    const useful = Math.max(parts, this.#layout.length / PARAMETERS_OF_A_THREAD);
    const threads = Math.min(this.#threads.count, Math.ceil(useful));
    // Only a whole batch ends in the plan's last group; an evaluated part is laid out as if its group were full.
    const last = mode === "evaluate" ? plan.group : plan.lastGroup;
    const { weights: parameters, ...arrays } = this.#memory.arrays;
    const job = {
      mode: MODES.indexOf(mode),
      threads,
      nextWindow: 0,
      nextWeightGradient: 0,
      nextUpdate: 0,
      nextTurn: 0,
      turned: 0,
      finished: 0,
      arrived: 0,
      phase: 0,
      windows: count,
      groupWindows: plan.groupWindows,
      blockWindows: blockWindows(Math.min(count, plan.groupWindows), threads),
      timesteps,
      features,
      inputs: plan.inputs,
      targets: same ? plan.inputs : plan.targets,
      windowWeights: plan.windowWeights,
      absolute: Number(this.#options.loss === "mae"),
      seed: this.#options.seed,
      step,
      updated: 0,
      operations: plan.group.operations,
      lastOperations: last.operations,
      operationCount: plan.group.operationCount,
      weightGradients: plan.group.weightGradients,
      lastWeightGradients: last.weightGradients,
      weightGradientCount: plan.group.weightGradientCount,
      turns: plan.group.turns,
      turnCount: plan.group.turnCount,
      scratch: plan.scratch,
      scratchBytes: plan.scratchBytes,
      losses: plan.losses,
      squares: plan.squares,
      parameters,
      ...arrays,
      parameterCount: this.#layout.length,
    };
    this.#memory.writeJob(job, { correctedRate, clipNorm });
    await this.#threads.run(threads);
    return this.#memory.loss;
  }
}

/** Windows of a block, so that threads have equally many blocks of at most BLOCK_WINDOWS; even, since kernels take rows by two. */
function blockWindows(windows: number, threads: number): number {
  const blocks = Math.ceil(windows / BLOCK_WINDOWS / threads) * threads;
  return Math.ceil(windows / blocks / 2) * 2;
}
