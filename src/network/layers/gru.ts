/** GRU (Cho et al. 2014, EMNLP) as in Keras with `reset_after`, which is its default. */
import { InputError } from "../../errors.js";
import { text } from "../json-guards.js";
import { checkUnits, type LayerDescription } from "./description.js";
import { type RecurrentSettings, readRecurrent, recurrentShape, writeRecurrent } from "./topology-config.js";

/**
 * [T, F] -> [T, units] with `returnSequences`, else [units]. Gates stand in the order z (update), r (reset), h
 * (candidate); the bias has two rows, that of the input and that of the state:
 *
 *   z, r = recurrentActivation(x.W + b0 + h.R + b1)   g = activation(x.W + b0 + r (h.R + b1))   h' = z h + (1 - z) g
 */
export interface GruLayer extends RecurrentSettings {
  readonly kind: "gru";
  readonly name: string;
}

export const GRU: LayerDescription<GruLayer> = {
  className: "GRU",
  isRecurrent: true,
  outputShape: recurrentShape,
  weights: ({ units }, input) => [
    { part: "kernel", shape: [input[1]!, 3 * units], initializer: "glorotUniform" },
    { part: "recurrent_kernel", shape: [units, 3 * units], initializer: "orthogonal" },
    { part: "bias", shape: [2, 3 * units], initializer: "zeros" },
  ],
  check: checkUnits,
  // tfjs-layers has only the other order, which resets the state before the product and not after.
  runsInTfjs: () => false,
  writeConfig: (layer) => ({ ...writeRecurrent(layer), reset_after: true }),
  readConfig(name, config) {
    const where = `of layer "${name}"`;
    // TF.js reads a missing `reset_after` as false, Keras as true, so it is required.
    if (config["reset_after"] !== true) {
      throw new InputError(`reset_after ${where} has to be true, not ${text(config["reset_after"])}.`);
    }
    return { kind: "gru", name, ...readRecurrent(config, where) };
  },
};
