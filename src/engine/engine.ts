/**
 * The two things an engine does with a network: run it, and train it.
 *
 * Windows and outputs are float32 in scaled units, row-major: [windows, timesteps, features].
 */
import type { Network } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import type { Loss } from "../scoring/losses.js";

export type EngineName = "wasm" | "tensorflow";

export interface Engine {
  readonly name: EngineName;
  /** `cpu`, or the GPU's name. */
  readonly device: string;
  /** Lowers a network once, for any number of runs. Throws InputError where it cannot be run. */
  compile(network: Network, weights: Weights): Promise<Executable>;
  /** Ends workers or processes. Executables of a closed engine refuse to run. */
  close(): Promise<void>;
}

export interface Outputs {
  /** By position in `network.heads`: [windows, head.steps, features] as the network gives it (a reversed head last row first). */
  readonly heads: readonly Float32Array[];
  /** [windows, embeddingUnits]: the encoder's last state. */
  readonly embedding: Float32Array;
}

/** A network with its weights, ready to run. Runs may overlap; each is answered for itself. */
export interface Executable {
  readonly network: Network;
  /** Windows from which on a larger run takes no less time per window; absent where larger is always better. */
  readonly efficientWindows?: number;
  /**
   * @param windows [count, timesteps, features], scaled, every number finite. Not written to; it may be reused once the promise settles.
   * @returns outputs that belong to the caller.
   */
  run(windows: Float32Array, count: number): Promise<Outputs>;
  /** Waits for runs under way, then frees what the executable holds. */
  close(): Promise<void>;
}

export type { Loss };

export interface StepOptions {
  readonly learningRate: number;
  /** Largest L2 norm of all gradients together; `undefined` clips nothing. */
  readonly clipNorm: number | undefined;
  /** [count]: what each window's loss is multiplied by; 1 where there are none. */
  readonly windowWeights?: Float32Array | undefined;
}

/**
 * A network being trained: weights, gradients and Adam's moments live in the engine.
 * The loss of a batch is the sum over heads of the mean over windows, rows and features of the squared or
 * absolute residual; a head's target is its rows of the window (reversed for a reversed head). With weights it is the
 * mean over windows of each one's share times its weight.
 */
export interface Trainer {
  readonly network: Network;
  /**
   * One step of Adam (Kingma & Ba 2015; beta1 0.9, beta2 0.999, epsilon 1e-7 as in Keras).
   * @param inputs [count, timesteps, features]: what the network reads (corrupted, for a denoising autoencoder).
   * @param targets [count, timesteps, features]: what it is to give; the same array as `inputs` otherwise.
   * @returns the loss before the step. Where it or a gradient is not finite nothing is updated, and the answer is not
   *   finite either (NaN for a gradient).
   */
  step(inputs: Float32Array, targets: Float32Array, count: number, options: StepOptions): Promise<number>;
  /** The loss and the gradients of one batch, by weight name, with dropout off; nothing is updated. */
  lossAndGradients(
    inputs: Float32Array,
    targets: Float32Array,
    count: number,
    windowWeights?: Float32Array,
  ): Promise<{ loss: number; gradients: Weights }>;
  /** The mean loss over any number of windows, with dropout off. */
  evaluate(windows: Float32Array, count: number): Promise<number>;
  /** A copy of the weights as they are now. */
  weights(): Weights;
  close(): Promise<void>;
}

export interface TrainingEngine extends Engine {
  /** @param options.seed drives dropout alone; the same seed and data give the same bytes on any number of threads. */
  train(network: Network, weights: Weights, options: { loss: Loss; seed: number }): Promise<Trainer>;
}
