/** Settings of Keras layers, read from configurations that may hold anything. */
import { InputError } from "../errors.js";
import { STATES } from "../network/first-states.js";
import { count, type JsonObject, object, text } from "../network/json-guards.js";
import { type Activation, RECURRENT_ACTIVATIONS, type RecurrentActivation } from "../network/network.js";

/** What an activation is here: one that the engines have, a rectifier with a slope below zero, or an ELU times alpha there. */
export type KerasActivation = Activation | { readonly negativeSlope: number } | { readonly alpha: number };

const PLAIN: Readonly<Record<string, Activation>> = {
  linear: "linear",
  relu: "relu",
  tanh: "tanh",
  sigmoid: "sigmoid",
  elu: "elu",
};
/** The slopes that Keras 3 and Keras 2 take where a function or layer does not say. */
const DEFAULT_SLOPE = { function: 0.2, layer: 0.3 };

/**
 * The activation of a configuration. `hard_sigmoid` is clip(x / 6 + 0.5, 0, 1) in Keras 3 and clip(0.2 x + 0.5, 0, 1) in
 * Keras 2.
 *
 * @throws InputError, naming `where`, for one that the engines do not have.
 */
export function readActivation(value: unknown, where: string, isKeras2: boolean): KerasActivation {
  if (value === undefined || value === null) return "linear";
  if (typeof value === "object") {
    const { class_name: className, config } = object(value, `activation ${where}`);
    if (className === "LeakyReLU")
      return { negativeSlope: slopeOf(object(config, `activation ${where}`), where) };
    if (className === "ELU") return eluOf(object(config, `activation ${where}`), where);
    if (className === "ReLU") return readActivation("relu", where, isKeras2);
    // Functions are written as objects, too: {class_name: "function", config: "relu"}.
    if (typeof config === "string") return readActivation(config, where, isKeras2);
  }
  if (value === "hard_sigmoid") return isKeras2 ? "hardSigmoid" : "hardSigmoidKeras3";
  if (value === "leaky_relu") return { negativeSlope: DEFAULT_SLOPE.function };
  const plain = typeof value === "string" && Object.hasOwn(PLAIN, value) ? PLAIN[value] : undefined;
  if (plain !== undefined) return plain;
  throw new InputError(
    `The activation ${text(value)} ${where} cannot be imported; linear, relu, leaky_relu, elu, tanh, sigmoid and hard_sigmoid can.`,
  );
}

/** An activation of a recurrent layer, which has to be one that the engines have. */
export function readCellActivation(value: unknown, where: string, isKeras2: boolean): Activation {
  const found = readActivation(value, where, isKeras2);
  if (typeof found === "string") return found;
  const name = "alpha" in found ? "ELU" : "leaky_relu";
  throw new InputError(`The activation ${name} ${where} cannot be imported within a recurrent layer.`);
}

export function readGateActivation(value: unknown, where: string, isKeras2: boolean): RecurrentActivation {
  const found = readCellActivation(value, where, isKeras2);
  const gate = RECURRENT_ACTIVATIONS.find((known) => known === found);
  if (gate !== undefined) return gate;
  throw new InputError(
    `The recurrent_activation ${text(value)} ${where} cannot be imported; sigmoid and hard_sigmoid can.`,
  );
}

/** The slope below zero of a LeakyReLU: `negative_slope` in Keras 3, `alpha` in Keras 2. */
export function slopeOf(config: JsonObject, where: string): number {
  return finite(
    config["negative_slope"] ?? config["alpha"] ?? DEFAULT_SLOPE.layer,
    `negative_slope ${where}`,
  );
}

/** An ELU layer: alpha (e^x - 1) below zero. */
export function eluOf(config: JsonObject, where: string): KerasActivation {
  const alpha = finite(config["alpha"] ?? 1, `alpha ${where}`);
  return alpha === 1 ? "elu" : { alpha };
}

export function finite(value: unknown, what: string): number {
  // Some releases of Keras write numbers as {class_name: "__numpy__", config: {value}}.
  const number = typeof value === "object" && value !== null ? numpyValue(value as JsonObject) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) {
    throw new InputError(`${what} has to be a number, not ${text(number)}.`);
  }
  return number;
}

function numpyValue(value: JsonObject): unknown {
  const config = value["config"];
  return typeof config === "object" && config !== null && "value" in config ? config.value : value;
}

/** A size that Keras writes as 3 or as [3]. */
export function single(value: unknown, what: string): number {
  return count(Array.isArray(value) && value.length === 1 ? value[0] : value, what);
}

/** A word of a configuration, such as a class; anything else as messages quote it. */
export function word(value: unknown): string {
  return typeof value === "string" ? value : text(value);
}

/** The states of a recurrent layer by its class: an LSTM has h and c, others h. */
export function statesOf(className: string): number {
  if (className === "LSTM") return STATES.lstm;
  return className === "GRU" || className === "SimpleRNN" ? STATES.gru : 0;
}
