/** Reads the graph of a TF.js layers model (`modelTopology` of model.json), which may come from anywhere. */
import { InputError } from "../errors.js";
import { array, count, type JsonObject, object, text } from "./json-guards.js";
import { LAYERS, type Layer } from "./layers/layers.js";
import { HEAD_NAMES } from "./network.js";

/** More layers than this are a mistake or an attack, not a model. */
const MAX_LAYERS = 1_000;

export interface Topology {
  readonly inputSteps: number;
  readonly features: number;
  /** By position in the model's outputs: the layers from the input to that output. */
  readonly chains: readonly (readonly Layer[])[];
}

/** Reads a topology. Throws InputError, naming the layer, where it holds anything that no network here has. */
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
  const known = Object.values(LAYERS);
  const found = known.find((description) => description.className === className);
  if (found === undefined) {
    const names = known.map((description) => description.className).join(", ");
    throw new InputError(`Layer "${name}" is of class ${text(className)}, which is none of ${names}.`);
  }
  return found.readConfig(name, config);
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
