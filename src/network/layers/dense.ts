/** A dense layer over a vector, and the same one at every timestep of a sequence. */
import { InputError } from "../../errors.js";
import { ACTIVATION_NAMES, type Activation } from "../activations.js";
import { type JsonObject, object, text } from "../json-guards.js";
import {
  checkUnits,
  type LayerDescription,
  needsSequence,
  needsVector,
  type WeightDescription,
} from "./description.js";
import { commonConfig, hasTfjsActivations, readUnits, ZEROS } from "./topology-config.js";

/** [N] -> [units]. With `tiedTo`, the kernel is that of the named dense layer, used transposed. */
export interface DenseLayer {
  readonly kind: "dense";
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly tiedTo?: string;
}

/** [T, N] -> [T, units]: one dense layer, the same at every timestep. */
export interface TimeDistributedDenseLayer {
  readonly kind: "timeDistributedDense";
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
}

export const DENSE: LayerDescription<DenseLayer> = {
  className: "Dense",
  isRecurrent: false,
  outputShape(layer, input) {
    needsVector(layer, input);
    return [layer.units];
  },
  weights: ({ units, tiedTo }, input) =>
    tiedTo === undefined ? [kernel(input[0]!, units), bias(units)] : [bias(units)],
  check: checkUnits,
  runsInTfjs: hasTfjsActivations,
  writeConfig: (layer) => denseConfig(layer.name, layer),
  readConfig: (name, config) => ({ kind: "dense", name, ...readUnits(config, `of layer "${name}"`) }),
};

export const TIME_DISTRIBUTED_DENSE: LayerDescription<TimeDistributedDenseLayer> = {
  className: "TimeDistributed",
  isRecurrent: false,
  outputShape(layer, input) {
    needsSequence(layer, input);
    return [input[0]!, layer.units];
  },
  weights: ({ units }, input) => [kernel(input[1]!, units), bias(units)],
  check: checkUnits,
  runsInTfjs: hasTfjsActivations,
  // tfjs-layers names the weights after the wrapper, so any name will do for the layer inside.
  writeConfig: (layer) => ({
    ...commonConfig(layer.name),
    layer: { class_name: DENSE.className, config: denseConfig(`${layer.name}_dense`, layer) },
  }),
  readConfig(name, config) {
    const where = `of layer "${name}"`;
    const inner = object(config["layer"], `layer ${where}`);
    if (inner["class_name"] !== DENSE.className) {
      throw new InputError(`The layer inside "${name}" is a ${text(inner["class_name"])}, not a Dense.`);
    }
    const settings = object(inner["config"], `layer.config ${where}`);
    return { kind: "timeDistributedDense", name, ...readUnits(settings, where) };
  },
};

function kernel(inputs: number, units: number): WeightDescription {
  return { part: "kernel", shape: [inputs, units], initializer: "glorotUniform" };
}

function bias(units: number): WeightDescription {
  return { part: "bias", shape: [units], initializer: "zeros" };
}

function denseConfig(name: string, layer: { units: number; activation: Activation }): JsonObject {
  return {
    ...commonConfig(name),
    units: layer.units,
    activation: ACTIVATION_NAMES[layer.activation],
    use_bias: true,
    kernel_initializer: ZEROS,
    bias_initializer: ZEROS,
  };
}
