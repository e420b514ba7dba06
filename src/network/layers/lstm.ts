/** LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as in Keras. */
import { ACTIVATION_NAMES, type Activation, type RecurrentActivation } from "../activations.js";
import { checkUnits, type LayerDescription, needsSequence } from "./description.js";
import { commonConfig, hasTfjsActivations, readRecurrent, ZEROS } from "./topology-config.js";

/** [T, F] -> [T, units] with `returnSequences`, else [units]. Gates stand in the order i, f, c, o. */
export interface LstmLayer {
  readonly kind: "lstm";
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: RecurrentActivation;
  readonly returnSequences: boolean;
}

export const LSTM: LayerDescription<LstmLayer> = {
  className: "LSTM",
  isRecurrent: true,
  outputShape(layer, input) {
    needsSequence(layer, input);
    return layer.returnSequences ? [input[0]!, layer.units] : [layer.units];
  },
  weights: ({ units }, input) => [
    { part: "kernel", shape: [input[1]!, 4 * units], initializer: "glorotUniform" },
    { part: "recurrent_kernel", shape: [units, 4 * units], initializer: "orthogonal" },
    { part: "bias", shape: [4 * units], initializer: "forgetGateOnes" },
  ],
  check: checkUnits,
  runsInTfjs: hasTfjsActivations,
  writeConfig: (layer) => ({
    ...commonConfig(layer.name),
    units: layer.units,
    activation: ACTIVATION_NAMES[layer.activation],
    recurrent_activation: ACTIVATION_NAMES[layer.recurrentActivation],
    use_bias: true,
    unit_forget_bias: false,
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
  }),
  readConfig: (name, config) => ({ kind: "lstm", name, ...readRecurrent(config, `of layer "${name}"`) }),
};
