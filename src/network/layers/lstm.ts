/** LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as in Keras. */
import { checkUnits, type LayerDescription } from "./description.js";
import {
  hasTfjsActivations,
  type RecurrentSettings,
  readRecurrent,
  recurrentShape,
  writeRecurrent,
} from "./topology-config.js";

/** [T, F] -> [T, units] with `returnSequences`, else [units]. Gates stand in the order i, f, c, o. */
export interface LstmLayer extends RecurrentSettings {
  readonly kind: "lstm";
  readonly name: string;
}

export const LSTM: LayerDescription<LstmLayer> = {
  className: "LSTM",
  isRecurrent: true,
  outputShape: recurrentShape,
  weights: ({ units }, input) => [
    { part: "kernel", shape: [input[1]!, 4 * units], initializer: "glorotUniform" },
    { part: "recurrent_kernel", shape: [units, 4 * units], initializer: "orthogonal" },
    { part: "bias", shape: [4 * units], initializer: "forgetGateOnes" },
  ],
  check: checkUnits,
  runsInTfjs: hasTfjsActivations,
  writeConfig: (layer) => writeRecurrent(layer, { unit_forget_bias: false }),
  readConfig: (name, config) => ({ kind: "lstm", name, ...readRecurrent(config, `of layer "${name}"`) }),
};
