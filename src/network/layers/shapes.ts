/** The layers that give the same numbers another shape: repeat, flatten and reshape. */
import { InputError } from "../../errors.js";
import { array, count } from "../json-guards.js";
import { checkWithin, MAX_TIMESTEPS } from "../limits.js";
import { type LayerDescription, needsSequence, needsVector } from "./description.js";
import { commonConfig } from "./topology-config.js";

/** [N] -> [times, N]. */
export interface RepeatVectorLayer {
  readonly kind: "repeatVector";
  readonly name: string;
  readonly times: number;
}

/** [T, F] -> [T * F]. */
export interface FlattenLayer {
  readonly kind: "flatten";
  readonly name: string;
}

/** [N] -> `shape`. */
export interface ReshapeLayer {
  readonly kind: "reshape";
  readonly name: string;
  readonly shape: readonly [timesteps: number, features: number];
}

export const REPEAT_VECTOR: LayerDescription<RepeatVectorLayer> = {
  className: "RepeatVector",
  isRecurrent: false,
  outputShape(layer, input) {
    needsVector(layer, input);
    return [layer.times, input[0]!];
  },
  weights: () => [],
  check: ({ name, times }) => checkWithin(`times of "${name}"`, times, 1, MAX_TIMESTEPS),
  runsInTfjs: () => true,
  writeConfig: ({ name, times }) => ({ ...commonConfig(name), n: times }),
  readConfig: (name, config) => ({
    kind: "repeatVector",
    name,
    times: count(config["n"], `n of layer "${name}"`),
  }),
};

export const FLATTEN: LayerDescription<FlattenLayer> = {
  className: "Flatten",
  isRecurrent: false,
  outputShape(layer, input) {
    needsSequence(layer, input);
    return [input[0]! * input[1]!];
  },
  weights: () => [],
  check: () => undefined,
  runsInTfjs: () => true,
  writeConfig: ({ name }) => commonConfig(name),
  readConfig: (name) => ({ kind: "flatten", name }),
};

export const RESHAPE: LayerDescription<ReshapeLayer> = {
  className: "Reshape",
  isRecurrent: false,
  outputShape(layer, input) {
    needsVector(layer, input);
    const [timesteps, features] = layer.shape;
    if (timesteps * features !== input[0]) {
      throw new InputError(
        `Layer "${layer.name}" cannot reshape ${input[0]} values to [${layer.shape.join(", ")}].`,
      );
    }
    return layer.shape;
  },
  weights: () => [],
  check: () => undefined,
  runsInTfjs: () => true,
  writeConfig: ({ name, shape }) => ({ ...commonConfig(name), target_shape: [...shape] }),
  readConfig(name, config) {
    const what = `target_shape of layer "${name}"`;
    const shape = array(config["target_shape"], what);
    if (shape.length !== 2) throw new InputError(`${what} has to be [timesteps, features].`);
    const sizes = shape.map((size) => count(size, what));
    return { kind: "reshape", name, shape: [sizes[0]!, sizes[1]!] };
  },
};
