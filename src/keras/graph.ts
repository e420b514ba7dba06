/**
 * The graph of a Keras model from its configuration: Sequential and functional models, and models within models, whose
 * layers are taken out of them.
 */
import { InputError } from "../errors.js";
import { array, type JsonObject, object, parseJson, text } from "../network/json-guards.js";
import { type Endpoint, endpointsOf, inboundOf } from "./inbound.js";
import { type InputShape, innerShape, shapeOf } from "./input-shape.js";
import { statesOf, word } from "./settings.js";

/** A layer that is no model. */
export interface KerasLayer {
  /** Its own name, after those of the models it stands in: `encoder/lstm`. No other layer has the same. */
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** What it reads: outputs of layers by their full names, or of INPUT. */
  readonly sources: readonly Endpoint[];
  /** Where `.keras` files have its weights: `layers/lstm_1`. */
  readonly place: string;
  /** The layer of the outermost model that it is, or stands in: `.h5` files have the weights under its name. */
  readonly top: string;
  /** Whether it, and all models around it, were trained. */
  readonly trainable: boolean;
}

/** The name of the model's input among sources. */
export const INPUT = "";

export interface KerasGraph {
  readonly inputShape: InputShape;
  /** In the order of the file. */
  readonly layers: ReadonlyMap<string, KerasLayer>;
  readonly outputs: readonly Endpoint[];
}

const MOST_LAYERS = 1_000;
const MOST_NESTED = 8;
const LONGEST_NAME = 200;
const MODELS = ["Sequential", "Functional", "Model"];

/** Where a model stands: the names and settings that its layers get from it. */
interface Around {
  readonly names: string;
  readonly place: string;
  readonly top: string | undefined;
  readonly trainable: boolean;
  readonly level: number;
}

/** What was read so far. */
interface Found {
  readonly layers: Map<string, KerasLayer>;
  inputShape: InputShape | undefined;
}

/**
 * Reads the JSON text of a model's configuration. @throws InputError, naming the layer, for what no import could take: a
 * subclassed model, several inputs, a layer used twice.
 */
export function readGraph(config: string): KerasGraph {
  const what = "The model's configuration";
  const found: Found = { layers: new Map(), inputShape: undefined };
  const outermost = { names: "", place: "", top: undefined, trainable: true, level: 0 };
  const outputs = readModel(object(parseJson(config, what), what), outermost, undefined, found);
  const { layers, inputShape } = found;
  if (inputShape === undefined) {
    throw new InputError(
      "The model does not say the shape of its input; build it before it is saved: model.build(...).",
    );
  }
  return { inputShape, layers, outputs };
}

/**
 * Adds the layers of a model to `found`.
 *
 * @param inputs what a model within another reads; undefined for the outermost.
 * @returns its outputs.
 */
function readModel(
  model: JsonObject,
  around: Around,
  inputs: readonly Endpoint[] | undefined,
  found: Found,
): Endpoint[] {
  const className = model["class_name"];
  if (typeof className !== "string" || !MODELS.includes(className)) {
    throw new InputError(
      `The model is of class ${text(className)}: Sequential and functional models can be imported, subclassed ones cannot, since their file does not say what they compute.`,
    );
  }
  if (around.level > MOST_NESTED) throw new InputError(`Models are nested more than ${MOST_NESTED} deep.`);
  const isSequential = className === "Sequential";
  const settings = model["config"];
  // The first releases of Keras 2 wrote the list of layers alone.
  const config: JsonObject = Array.isArray(settings)
    ? { layers: settings }
    : object(settings, "config of the model");
  const entries = array(config["layers"], "layers of the model");
  const outputsOf = new Map<string, readonly Endpoint[]>();
  const places = placesOf(entries);
  const inputNames = isSequential
    ? []
    : endpointsOf(config["input_layers"], "input_layers").map(({ layer }) => layer);
  if (inputNames.length > 1 && inputs === undefined) {
    throw new InputError(
      `The model has ${inputNames.length} inputs; an autoencoder has one. A decoder that reads the window beside the encoder's states while it trains (teacher forcing) cannot do so when it scores; one that reads RepeatVector of the encoder's output can.`,
    );
  }
  const ofInput = { layer: INPUT, tensor: 0 };
  let before: readonly Endpoint[] = inputs ?? [ofInput];
  for (const entry of inOrder(entries, isSequential)) {
    const { item, name, kind, own } = readEntry(entry);
    if (outputsOf.has(name)) throw new InputError(`Two layers are named "${name}".`);
    // Of every layer: a shape that no model of windows has is refused wherever it stands.
    const shape = around.level === 0 ? shapeOf(own, name) : undefined;
    found.inputShape ??= shape;
    if (kind === "InputLayer") {
      const position = isSequential ? 0 : inputNames.indexOf(name);
      outputsOf.set(name, [inputs?.[position] ?? ofInput]);
      continue;
    }
    const place = `${around.place}layers/${places.get(entry) ?? ""}`;
    const full = around.names + name;
    const sources = isSequential
      ? before
      : inboundOf(full, item["inbound_nodes"]).map((each) => resolve(each, outputsOf, `Layer "${full}"`));
    const top = around.top ?? name;
    const trainable = around.trainable && own["trainable"] !== false;
    if (MODELS.includes(kind)) {
      const inner = { names: `${full}/`, place: `${place}/`, top, trainable, level: around.level + 1 };
      const nested = around.level === 0 && sources[0]?.layer === INPUT ? innerShape(own) : undefined;
      found.inputShape ??= nested;
      before = readModel(item, inner, sources, found);
    } else {
      if (found.layers.size >= MOST_LAYERS)
        throw new InputError(`The model has more than ${MOST_LAYERS} layers.`);
      found.layers.set(full, { name: full, className: kind, config: own, sources, place, top, trainable });
      before = outputsOfLayer(full, kind, own);
    }
    outputsOf.set(name, before);
  }
  if (isSequential) return [...before];
  return endpointsOf(config["output_layers"], "output_layers").map((each) =>
    resolve(each, outputsOf, "The model"),
  );
}

/** An entry of `layers`: its name and class, and its own configuration. */
function readEntry(entry: unknown): { item: JsonObject; name: string; kind: string; own: JsonObject } {
  const item = object(entry, "A layer of the model");
  const own = object(item["config"], "config of a layer");
  const kind = item["class_name"];
  const name = own["name"] ?? item["name"];
  if (typeof name !== "string" || name === "" || typeof kind !== "string") {
    throw new InputError("A layer of the model has no name, or no class.");
  }
  if (name.length > LONGEST_NAME || kind.length > LONGEST_NAME) {
    throw new InputError(`The name or class of a layer has more than ${LONGEST_NAME} characters.`);
  }
  return { item, name, kind, own };
}

/** What a layer of a model gives: with `return_state`, the states of a recurrent layer after its output. */
function outputsOfLayer(layer: string, kind: string, config: JsonObject): Endpoint[] {
  const wrapped = config["layer"];
  const inner = kind === "Bidirectional" ? (wrapped as JsonObject | undefined) : undefined;
  const innerConfig = inner?.["config"] as JsonObject | undefined;
  const returnsState = (innerConfig ?? config)["return_state"] === true;
  const states = returnsState ? statesOf(word(inner?.["class_name"] ?? kind)) : 0;
  const count = 1 + (inner === undefined ? 1 : 2) * states;
  return Array.from({ length: count }, (_, tensor) => ({ layer, tensor }));
}

/** The output that an endpoint of a configuration means. @param reader what reads it, for messages. */
function resolve(
  { layer, tensor }: Endpoint,
  outputsOf: ReadonlyMap<string, readonly Endpoint[]>,
  reader: string,
): Endpoint {
  const outputs = outputsOf.get(layer);
  if (outputs === undefined) {
    throw new InputError(`${reader} reads "${layer}", which comes later or is not there.`);
  }
  const output = outputs[tensor];
  if (output === undefined) {
    throw new InputError(
      `${reader} reads output ${tensor} of "${layer}", counted from 0, and it has ${outputs.length}.`,
    );
  }
  return output;
}

/** Functional models may list a layer before those it reads. */
function inOrder(entries: readonly unknown[], isSequential: boolean): readonly unknown[] {
  if (isSequential || entries.length > MOST_LAYERS) return entries;
  const waiting = [...entries];
  const known = new Set<unknown>();
  const sorted: unknown[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex((entry) => {
      const item = object(entry, "A layer of the model");
      const name = word(item["name"]);
      return inboundOf(name, item["inbound_nodes"] ?? []).every(({ layer }) => known.has(layer));
    });
    // A circle, or a source that is not there: the reader names it.
    const [entry] = waiting.splice(Math.max(next, 0), 1);
    known.add((entry as JsonObject)["name"]);
    sorted.push(entry);
  }
  return sorted;
}

/** The name that Keras gives the weights of each layer: its class in snake case, numbered in the order of the file. */
function placesOf(entries: readonly unknown[]): Map<unknown, string> {
  const counts = new Map<string, number>();
  return new Map(
    entries.map((entry) => {
      const snake = word(object(entry, "A layer of the model")["class_name"])
        .replace(/\W+/g, "")
        .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
        .replace(/([a-z])([A-Z])/g, "$1_$2")
        .toLowerCase();
      const before = counts.get(snake) ?? 0;
      counts.set(snake, before + 1);
      return [entry, before === 0 ? snake : `${snake}_${before}`];
    }),
  );
}
