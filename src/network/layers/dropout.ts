/** Inverted dropout (Srivastava et al. 2014, JMLR 15). */
import { InputError } from "../../errors.js";
import { text } from "../json-guards.js";
import type { LayerDescription } from "./description.js";
import { commonConfig } from "./topology-config.js";

/** Training only: sets a share of the units to 0 and multiplies the others by 1 / (1 - rate). */
export interface DropoutLayer {
  readonly kind: "dropout";
  readonly name: string;
  readonly rate: number;
}

export const DROPOUT: LayerDescription<DropoutLayer> = {
  className: "Dropout",
  isRecurrent: false,
  outputShape: (_, input) => input,
  weights: () => [],
  check({ name, rate }) {
    if (!(rate >= 0 && rate < 1)) throw new InputError(`rate of "${name}" has to be in [0, 1), not ${rate}.`);
  },
  runsInTfjs: () => true,
  writeConfig: ({ name, rate }) => ({ ...commonConfig(name), rate, noise_shape: null, seed: null }),
  readConfig(name, config) {
    const rate = config["rate"];
    if (typeof rate !== "number") {
      throw new InputError(`rate of layer "${name}" has to be a number, not ${text(rate)}.`);
    }
    return { kind: "dropout", name, rate };
  },
};
