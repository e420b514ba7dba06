/** Reads the graph of a TF.js layers model (`modelTopology` of model.json), which may come from anywhere. */
import { InputError } from "../errors.js";
import { array, count, type JsonObject, object, text } from "./json-guards.js";
import { ACTIVATIONS, type Activation, HEAD_NAMES, type Layer, type RecurrentActivation } from "./network.js";
import { ACTIVATION_NAMES } from "./topology-writer.js";

const RECURRENT_ACTIVATIONS: readonly Activation[] = ["sigmoid", "hardSigmoid", "hardSigmoidKeras3"];

/** More layers than this are a mistake or an attack, not a model. */
const MAX_LAYERS = 1_000;

export interface Topology {
  readonly inputSteps: number;
  readonly features: number;
  /** By position in the model's outputs: the layers from the input to that output. */
  readonly chains: readonly (readonly Layer[])[];
}

/** Reads a topology. Throws InputError, naming the layer, where it holds anything a network has no word for. */
export function readTopology(topology: unknown): Topology {
  const model = object(topology, "modelTopology");
  if (model["class_name"] !== "Model" && model["class_name"] !== "Functional") {
    throw new InputError(`modelTopology is a ${text(model["class_name"])}, not a functional Model.`);
  }
  const config = object(model["config"], "modelTopology.config");
  const layers = new Map<string, { layer: Layer; source: string }>();
  let input: { name: string; shape: [number, number] } | undefined;
  const entries = array(config["layers"], "modelTopology.config.layers");
  if (entries.length > MAX_LAYERS) {
    throw new InputError(`The model has ${entries.length} layers; the most is ${MAX_LAYERS}.`);
  }
  for (const entry of entries) {
    const item = object(entry, "A layer of modelTopology");
    const name = item["name"];
    if (typeof name !== "string" || name === "")
      throw new InputError("A layer of modelTopology has no name.");
    if (layers.has(name) || input?.name === name) throw new InputError(`Two layers are named "${name}".`);
    const settings = object(item["config"], `config of layer "${name}"`);
    if (item["class_name"] === "InputLayer") {
      if (input !== undefined) throw new InputError("The model has two inputs; an autoencoder has one.");
      input = { name, shape: inputShape(name, settings) };
    } else {
      layers.set(name, {
        layer: readLayer(name, item["class_name"], settings),
        source: sourceOf(name, item["inbound_nodes"]),
      });
    }
  }
  if (input === undefined) throw new InputError("The model has no InputLayer.");
  const { name: inputName, shape } = input;
  const inputs = endpoints(config["input_layers"], "input_layers");
  if (inputs.length !== 1 || inputs[0] !== inputName) {
    throw new InputError(`input_layers has to name the one input, "${inputName}".`);
  }
  const outputs = endpoints(config["output_layers"], "output_layers");
  if (outputs.length > HEAD_NAMES.length) {
    throw new InputError(`The model has ${outputs.length} outputs; the most is ${HEAD_NAMES.length}.`);
  }
  const unread = new Set(layers.keys());
  const chains = outputs.map((output) => {
    const chain: Layer[] = [];
    for (let at = output; at !== inputName; ) {
      const found = layers.get(at);
      if (found === undefined)
        throw new InputError(`The model has no layer "${at}", which another one reads.`);
      if (chain.length === layers.size) throw new InputError(`Layer "${output}" reads itself.`);
      chain.unshift(found.layer);
      unread.delete(at);
      at = found.source;
    }
    return chain;
  });
  for (const name of unread) throw new InputError(`Layer "${name}" leads to no output.`);
  return { inputSteps: shape[0], features: shape[1], chains };
}

function readLayer(name: string, className: unknown, config: JsonObject): Layer {
  const where = `of layer "${name}"`;
  switch (className) {
    case "LSTM": {
      expect(config, where, { go_backwards: false, return_state: false, stateful: false });
      expect(config, where, { dropout: 0, recurrent_dropout: 0 });
      const recurrentActivation = activation(config["recurrent_activation"], `recurrent_activation ${where}`);
      if (!RECURRENT_ACTIVATIONS.includes(recurrentActivation)) {
        throw new InputError(
          `recurrent_activation ${where} has to be a sigmoid, not ${recurrentActivation}.`,
        );
      }
      return {
        kind: "lstm",
        name,
        ...unitsAndActivation(config, where),
        recurrentActivation: recurrentActivation as RecurrentActivation,
        returnSequences: config["return_sequences"] === true,
      };
    }
    case "Dense":
      return { kind: "dense", name, ...unitsAndActivation(config, where) };
    case "TimeDistributed": {
      const inner = object(config["layer"], `layer ${where}`);
      if (inner["class_name"] !== "Dense") {
        throw new InputError(`The layer inside "${name}" is a ${text(inner["class_name"])}, not a Dense.`);
      }
      const settings = object(inner["config"], `layer.config ${where}`);
      return { kind: "timeDistributedDense", name, ...unitsAndActivation(settings, where) };
    }
    case "RepeatVector":
      return { kind: "repeatVector", name, times: count(config["n"], `n ${where}`) };
    case "Dropout": {
      const rate = config["rate"];
      if (typeof rate !== "number")
        throw new InputError(`rate ${where} has to be a number, not ${text(rate)}.`);
      return { kind: "dropout", name, rate };
    }
    case "Flatten":
      return { kind: "flatten", name };
    case "Reshape": {
      const shape = array(config["target_shape"], `target_shape ${where}`);
      if (shape.length !== 2) throw new InputError(`target_shape ${where} has to be [timesteps, features].`);
      const sizes = shape.map((size) => count(size, `target_shape ${where}`));
      return { kind: "reshape", name, shape: [sizes[0]!, sizes[1]!] };
    }
    default:
      throw new InputError(
        `Layer "${name}" is of class ${text(className)}, which is none of LSTM, Dense, TimeDistributed, RepeatVector, Dropout, Flatten, Reshape.`,
      );
  }
}

function unitsAndActivation(config: JsonObject, where: string): { units: number; activation: Activation } {
  if (config["use_bias"] === false) throw new InputError(`use_bias ${where} has to be true.`);
  return {
    units: count(config["units"], `units ${where}`),
    activation: activation(config["activation"], `activation ${where}`),
  };
}

function activation(name: unknown, what: string): Activation {
  const found = ACTIVATIONS.find((known) => ACTIVATION_NAMES[known] === name);
  if (found === undefined) {
    const known = ACTIVATIONS.map((each) => ACTIVATION_NAMES[each]).join(", ");
    throw new InputError(`${what} is ${text(name)}, which is none of ${known}.`);
  }
  return found;
}

/** Settings that may be left out, or have this value. */
function expect(config: JsonObject, where: string, wanted: JsonObject): void {
  for (const [key, value] of Object.entries(wanted)) {
    const found = config[key];
    if (found !== undefined && found !== null && found !== value) {
      throw new InputError(`${key} ${where} has to be ${text(value)}, not ${text(found)}.`);
    }
  }
}

function inputShape(name: string, config: JsonObject): [number, number] {
  const what = `batch_input_shape of layer "${name}"`;
  const shape = array(config["batch_input_shape"], what);
  if (shape.length !== 3) throw new InputError(`${what} has to be [null, timesteps, features].`);
  return [count(shape[1], what), count(shape[2], what)];
}

/** The one layer that a layer reads: `[[[source, 0, 0, {}]]]`. */
function sourceOf(name: string, nodes: unknown): string {
  const calls = array(nodes, `inbound_nodes of layer "${name}"`);
  const sources = calls.length === 1 && Array.isArray(calls[0]) ? calls[0] : [];
  const source: unknown = sources.length === 1 && Array.isArray(sources[0]) ? sources[0][0] : undefined;
  if (typeof source !== "string") throw new InputError(`Layer "${name}" has to read one other layer, once.`);
  return source;
}

function endpoints(value: unknown, what: string): string[] {
  return array(value, what).map((endpoint) => {
    const name: unknown = Array.isArray(endpoint) ? endpoint[0] : undefined;
    if (typeof name !== "string")
      throw new InputError(`${what} has to hold [layer, 0, 0], not ${text(endpoint)}.`);
    return name;
  });
}
