/**
 * What an engine does: run networks, and train them.
 *
 * Windows and outputs are float32 in the model's scaled units, row-major: windows are [windows, timesteps, features], with
 * a network's covariates behind the features of each row where it has some (`inputWidth`), outputs [windows, steps, features].
 */
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import type { Loss } from "../scoring/losses.js";

export type EngineName = "wasm" | "tensorflow";

/** One way to run networks. Its executables share its threads, or its process. */
export interface Engine {
  readonly name: EngineName;
  /** `cpu`, or the name of the GPU. */
  readonly device: string;
  /** Why it cannot run anything just now, as a sentence; undefined where it can, and absent where it always can. */
  readonly problem?: string | undefined;
  /** How often its threads, or the process that owns the device, ended unasked and were started again. */
  readonly restarts?: number;
  /** Compiles a network for any number of runs. Rejects with InputError where the engine cannot run it. */
  compile(network: Network, weights: Weights): Promise<Executable>;
  /** Ends the engine's threads or process. Further runs of its executables are rejected. */
  close(): Promise<void>;
}

/** What a network answers to windows. */
export interface Outputs {
  /**
   * One for each of `network.heads`, in order: [windows, head.steps, features], as the network computes them. The rows
   * of a reversed head are in reverse order of time.
   */
  readonly heads: readonly Float32Array[];
  /** [windows, embeddingUnits]: the last state of the encoder. */
  readonly embedding: Float32Array;
}

/** A network with its weights, ready to run. Runs may overlap; none changes the answer of another. */
export interface Executable {
  readonly network: Network;
  /**
   * Windows of a run beyond which a larger one takes no less time per window, or so much time that it would hold up the
   * runs of other networks; absent where a larger one is always better.
   */
  readonly efficientWindows?: number;
  /**
   * @param windows [count, timesteps, features + covariates] in scaled units, every number finite. It is only read, and
   *   may be reused once the promise settles.
   * @param count at least 1.
   * @returns outputs that belong to the caller. Rejects with a ResiduaError: MODEL_NOT_READY or SHUTTING_DOWN once the
   *   executable or the engine is closed, INFERENCE_FAILED where the engine fails, ENGINE_RESTARTING while the process
   *   that owns the device restarts.
   */
  run(windows: Float32Array, count: number): Promise<Outputs>;
  /** Waits for the runs under way, then frees the memory. */
  close(): Promise<void>;
}

export type { Loss };

export interface StepOptions {
  /** Adam's alpha. */
  readonly learningRate: number;
  /** The largest L2 norm of all gradients together: above it, they are scaled down to it. `undefined`: no clipping. */
  readonly clipNorm: number | undefined;
  /** [count]: factors of the windows' losses; all 1 by default. */
  readonly windowWeights?: Float32Array | undefined;
}

/**
 * A network in training. Its weights, gradients and Adam's moments are in the engine's memory.
 *
 * The loss of a batch is a sum over heads. For each head it is the mean, over windows, timesteps and features, of the
 * squared (`mse`) or absolute (`mae`) residual. The target of a head is its rows of the window, in reverse order for a
 * reversed head. With `windowWeights`, the loss of each window is multiplied by its weight before the mean.
 */
export interface Trainer {
  readonly network: Network;
  /**
   * One step of Adam (Kingma & Ba 2015; beta1 0.9, beta2 0.999, epsilon 1e-7 as in Keras).
   * @param inputs [count, timesteps, features + covariates] in scaled units: what the network reads. For a denoising
   *   autoencoder these are corrupted windows.
   * @param targets of the same shape: what the network should reproduce of the features; covariates are not read. The
   *   same array as `inputs`, except for a denoising autoencoder.
   * @returns the loss before the step. A loss that is not finite is returned as it is; where a gradient is not finite,
   *   NaN is returned. In both cases no weight is updated.
   */
  step(inputs: Float32Array, targets: Float32Array, count: number, options: StepOptions): Promise<number>;
  /** The loss of one batch and its gradients by weight name (shapes as `weightShapes`), without dropout or update. */
  lossAndGradients(
    inputs: Float32Array,
    targets: Float32Array,
    count: number,
    windowWeights?: Float32Array,
  ): Promise<{ loss: number; gradients: Weights }>;
  /** The mean loss over any number of windows [count, timesteps, features + covariates], without dropout. */
  evaluate(windows: Float32Array, count: number): Promise<number>;
  /** A copy of the current weights. */
  weights(): Weights;
  /** Frees the memory. */
  close(): Promise<void>;
}

export interface TrainingEngine extends Engine {
  /**
   * @param weights the initial weights, which are copied.
   * @param options.seed of dropout. The same seed and data give the same bytes on any number of threads.
   * Rejects with InputError where the engine cannot train the network.
   */
  train(network: Network, weights: Weights, options: { loss: Loss; seed: number }): Promise<Trainer>;
}
