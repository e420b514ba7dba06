/** Settings that several kinds of layer have in a TF.js topology, read and written. */
import { InputError } from "../../errors.js";
import {
  ACTIVATION_NAMES,
  ACTIVATIONS,
  type Activation,
  RECURRENT_ACTIVATIONS,
  type RecurrentActivation,
} from "../activations.js";
import { count, type JsonObject, text } from "../json-guards.js";
import type { Shape } from "../shape.js";
import { type AnyLayer, needsSequence } from "./description.js";

/** An initialiser in a topology: loading replaces the values, and any other initialiser costs time. */
export const ZEROS: JsonObject = { class_name: "Zeros", config: {} };

/** What every layer's config starts with. */
export function commonConfig(name: string): JsonObject {
  return { name, trainable: true };
}

/**
 * `units` and `activation` of a layer that adds a bias.
 *
 * @throws InputError naming `where`, for anything else.
 */
export function readUnits(config: JsonObject, where: string): { units: number; activation: Activation } {
  if (config["use_bias"] === false) throw new InputError(`use_bias ${where} has to be true.`);
  return {
    units: count(config["units"], `units ${where}`),
    activation: readActivation(config["activation"], `activation ${where}`),
  };
}

export interface RecurrentSettings {
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: RecurrentActivation;
  readonly returnSequences: boolean;
  /**
   * The earlier layer of the same kind and units whose last state this layer starts from, as the decoders of Sutskever et
   * al. 2014 ("Sequence to sequence learning with neural networks") do; left out, it starts from zeros. Models that were
   * imported have it; trainers do not train it.
   */
  readonly startsFrom?: string;
}

/**
 * [T, F] -> [T, units] with `returnSequences`, else [units].
 *
 * @throws InputError naming the layer, for a vector.
 */
export function recurrentShape(layer: AnyLayer & RecurrentSettings, input: Shape): Shape {
  needsSequence(layer, input);
  return layer.returnSequences ? [input[0]!, layer.units] : [layer.units];
}

/**
 * The config of a recurrent layer, with those settings that no engine here varies.
 * @param bias settings of the bias that only this kind of layer has
 */
export function writeRecurrent(layer: AnyLayer & RecurrentSettings, bias: JsonObject = {}): JsonObject {
  return {
    ...commonConfig(layer.name),
    units: layer.units,
    activation: ACTIVATION_NAMES[layer.activation],
    recurrent_activation: ACTIVATION_NAMES[layer.recurrentActivation],
    use_bias: true,
    ...bias,
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
  };
}

/**
 * The settings that all recurrent layers have, but for `startsFrom`, which is no setting in a topology: it stands among
 * what a layer reads.
 *
 * @throws InputError for those that no engine here computes.
 */
export function readRecurrent(config: JsonObject, where: string): RecurrentSettings {
  expectSettings(config, where, { go_backwards: false, stateful: false });
  expectSettings(config, where, { dropout: 0, recurrent_dropout: 0 });
  const found = readActivation(config["recurrent_activation"], `recurrent_activation ${where}`);
  const recurrentActivation = RECURRENT_ACTIVATIONS.find((known) => known === found);
  if (recurrentActivation === undefined) {
    throw new InputError(`recurrent_activation ${where} has to be a sigmoid, not ${found}.`);
  }
  const returnSequences = config["return_sequences"] === true;
  return { ...readUnits(config, where), recurrentActivation, returnSequences };
}

/** Whether tfjs-layers knows the layer's activations. */
export function hasTfjsActivations(layer: {
  readonly activation: Activation;
  readonly recurrentActivation?: RecurrentActivation;
}): boolean {
  return layer.activation !== "hardSigmoidKeras3" && layer.recurrentActivation !== "hardSigmoidKeras3";
}

/** @throws InputError unless each setting is left out or has the wanted value. */
export function expectSettings(config: JsonObject, where: string, wanted: JsonObject): void {
  for (const [key, value] of Object.entries(wanted)) {
    const found = config[key];
    if (found !== undefined && found !== null && found !== value) {
      throw new InputError(`${key} ${where} has to be ${text(value)}, not ${text(found)}.`);
    }
  }
}

function readActivation(name: unknown, what: string): Activation {
  const found = ACTIVATIONS.find((known) => ACTIVATION_NAMES[known] === name);
  if (found === undefined) {
    const known = ACTIVATIONS.map((each) => ACTIVATION_NAMES[each]).join(", ");
    throw new InputError(`${what} is ${text(name)}, which is not one of ${known}.`);
  }
  return found;
}
