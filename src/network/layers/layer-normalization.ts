/** Layer normalisation (Ba, Kiros & Hinton 2016, arXiv:1607.06450) over the numbers of a row, as in Keras. */
import { InputError } from "../../errors.js";
import { array, text } from "../json-guards.js";
import type { LayerDescription } from "./description.js";
import { commonConfig, expectSettings, ZEROS } from "./topology-config.js";

/**
 * [N] -> [N], or [T, N] -> [T, N], each row by itself:
 *
 *   y = gamma (x - mean(x)) / sqrt(variance(x) + epsilon) + beta
 *
 * Models that were imported have it; trainers do not train it.
 */
export interface LayerNormalizationLayer {
  readonly kind: "layerNormalization";
  readonly name: string;
  readonly epsilon: number;
}

export const LAYER_NORMALIZATION: LayerDescription<LayerNormalizationLayer> = {
  className: "LayerNormalization",
  isRecurrent: false,
  outputShape: (_, input) => input,
  weights: (_, input) => [
    { part: "gamma", shape: [input.at(-1)!], initializer: "ones" },
    { part: "beta", shape: [input.at(-1)!], initializer: "zeros" },
  ],
  check({ name, epsilon }) {
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new InputError(`epsilon of "${name}" has to be above 0 and below 1, not ${epsilon}.`);
    }
  },
  runsInTfjs: () => true,
  writeConfig: ({ name, epsilon }) => ({
    ...commonConfig(name),
    axis: [-1],
    epsilon,
    center: true,
    scale: true,
    beta_initializer: ZEROS,
    gamma_initializer: ZEROS,
  }),
  readConfig(name, config) {
    const where = `of layer "${name}"`;
    expectSettings(config, where, { center: true, scale: true, rms_scaling: false });
    const axes = array(config["axis"], `axis ${where}`);
    if (axes.length !== 1 || axes[0] !== -1)
      throw new InputError(`axis ${where} has to be [-1], not [${axes.map(text).join(", ")}].`);
    const epsilon = config["epsilon"];
    if (typeof epsilon !== "number")
      throw new InputError(`epsilon ${where} has to be a number, not ${text(epsilon)}.`);
    return { kind: "layerNormalization", name, epsilon };
  },
};
