/** GRU (Cho et al. 2014, EMNLP) as in Keras with `reset_after`, which is its default. */
import { InputError } from "../../errors.js";
import { ACTIVATION_NAMES, type Activation, type RecurrentActivation } from "../activations.js";
import { text } from "../json-guards.js";
import { checkUnits, type LayerDescription, needsSequence } from "./description.js";
import { commonConfig, readRecurrent, ZEROS } from "./topology-config.js";

/**
 * [T, F] -> [T, units] with `returnSequences`, else [units]. Gates stand in the order z (update), r (reset), h
 * (candidate); the bias has two rows, that of the input and that of the state:
 *
 *   z, r = recurrentActivation(x.W + b0 + h.R + b1)   g = activation(x.W + b0 + r (h.R + b1))   h' = z h + (1 - z) g
 */
export interface GruLayer {
  readonly kind: "gru";
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: RecurrentActivation;
  readonly returnSequences: boolean;
}

export const GRU: LayerDescription<GruLayer> = {
  className: "GRU",
  isRecurrent: true,
  outputShape(layer, input) {
    needsSequence(layer, input);
    return layer.returnSequences ? [input[0]!, layer.units] : [layer.units];
  },
  weights: ({ units }, input) => [
    { part: "kernel", shape: [input[1]!, 3 * units], initializer: "glorotUniform" },
    { part: "recurrent_kernel", shape: [units, 3 * units], initializer: "orthogonal" },
    { part: "bias", shape: [2, 3 * units], initializer: "zeros" },
  ],
  check: checkUnits,
  // tfjs-layers has only the other order, which resets the state before the product and not after.
  runsInTfjs: () => false,
  writeConfig: (layer) => ({
    ...commonConfig(layer.name),
    units: layer.units,
    activation: ACTIVATION_NAMES[layer.activation],
    recurrent_activation: ACTIVATION_NAMES[layer.recurrentActivation],
    use_bias: true,
    kernel_initializer: ZEROS,
    recurrent_initializer: ZEROS,
    bias_initializer: ZEROS,
    dropout: 0,
    recurrent_dropout: 0,
    return_sequences: layer.returnSequences,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
    reset_after: true,
  }),
  readConfig(name, config) {
    const where = `of layer "${name}"`;
    // TF.js reads a missing `reset_after` as false, Keras as true, so it is required.
    if (config["reset_after"] !== true) {
      throw new InputError(`reset_after ${where} has to be true, not ${text(config["reset_after"])}.`);
    }
    return { kind: "gru", name, ...readRecurrent(config, where) };
  },
};
