/**
 * The smallest Trainer: each feature is given back times one weight. It keeps what it was handed, so that tests can
 * look at the loop around it.
 */
import type { StepOptions, Trainer } from "../../src/engine/engine.js";
import type { Network } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";

export class LinearTrainer implements Trainer {
  readonly network: Network;
  readonly steps: { inputs: Float32Array; targets: Float32Array; options: StepOptions }[] = [];
  /** What `evaluate` answers, call by call, in place of the loss. */
  readonly scripted: number[];
  weight: number;

  constructor(options: { weight?: number; validationLosses?: number[]; covariates?: number } = {}) {
    const { covariates } = options;
    this.network = { features: 1, ...(covariates !== undefined && { covariates }) } as Network;
    this.weight = options.weight ?? 0;
    this.scripted = options.validationLosses ?? [];
  }

  async step(
    inputs: Float32Array,
    targets: Float32Array,
    _count: number,
    options: StepOptions,
  ): Promise<number> {
    this.steps.push({ inputs: inputs.slice(), targets: targets.slice(), options });
    const { loss, gradient } = this.#lossOf(inputs, targets);
    if (Number.isFinite(loss)) this.weight -= options.learningRate * gradient;
    return loss;
  }

  async lossAndGradients(inputs: Float32Array, targets: Float32Array) {
    const { loss, gradient } = this.#lossOf(inputs, targets);
    return { loss, gradients: new Map([["w", { shape: [1], data: Float32Array.of(gradient) }]]) };
  }

  async evaluate(windows: Float32Array): Promise<number> {
    return this.scripted.shift() ?? this.#lossOf(windows, windows).loss;
  }

  weights(): Weights {
    return new Map([["w", { shape: [1], data: Float32Array.of(this.weight) }]]);
  }

  async close(): Promise<void> {}

  #lossOf(inputs: Float32Array, targets: Float32Array): { loss: number; gradient: number } {
    let loss = 0;
    let gradient = 0;
    inputs.forEach((x, i) => {
      const residual = this.weight * x - targets[i]!;
      loss += residual ** 2 / inputs.length;
      gradient += (2 * residual * x) / inputs.length;
    });
    return { loss, gradient };
  }
}
