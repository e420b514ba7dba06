/** Reads the graph of a TF.js layers model (`modelTopology` of model.json), which may come from anywhere. */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../errors.js";
import { isRecurrent } from "./first-states.js";
import { array, count, type JsonObject, object, text } from "./json-guards.js";
import { LAYERS, type Layer } from "./layers/layers.js";
import { type LinearPath, linearPathLayers, linearPathSums, type WindowShape } from "./linear-path.js";
import { HEAD_NAMES } from "./network.js";
import { sourcesOf, startedLayer } from "./topology-sources.js";
import { ADD } from "./topology-writer.js";

/** More layers than this are a mistake or an attack, not a model. */
const MAX_LAYERS = 1_000;
/** What the name of a linear path's first dense layer ends in. */
const PROJECT_SUFFIX = "_project";

export interface Topology {
  readonly inputSteps: number;
  /** The numbers of a row that the model reads. */
  readonly width: number;
  /**
   * By position in the model's outputs: the layers from the input to that output. Beside a linear path, the layers of g,
   * and none for the output Px.
   */
  readonly chains: readonly (readonly Layer[])[];
  readonly linearPath?: LinearPath;
}

/** A layer by its name, with the names of those it reads; `layer` is undefined where it adds the two it reads. */
interface Entry {
  readonly layer: Layer | undefined;
  readonly sources: readonly string[];
}

/**
 * Reads a topology.
 *
 * @param covariates how many of the numbers of a row are none of the readings (network.ts).
 * @throws InputError, naming the layer, where it holds anything that no network here has.
 */
export function readTopology(topology: unknown, covariates = 0): Topology {
  const model = object(topology, "modelTopology");
  if (model["class_name"] !== "Model" && model["class_name"] !== "Functional") {
    throw new InputError(`modelTopology is a ${text(model["class_name"])}, not a functional Model.`);
  }
  const config = object(model["config"], "modelTopology.config");
  const layers = new Map<string, Entry>();
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
      const adds = item["class_name"] === ADD;
      const layer = adds ? undefined : readLayer(name, item["class_name"], settings);
      const nodes = item["inbound_nodes"];
      layers.set(
        name,
        layer !== undefined && isRecurrent(layer)
          ? startedLayer(layer, nodes)
          : { layer, sources: sourcesOf(name, nodes, adds ? 2 : 1) },
      );
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
  const graph = new Graph(layers, inputName);
  const [inputSteps, width] = shape;
  const window = { inputSteps, features: width - covariates, covariates };
  const linearPath = outputs.length === 2 ? readLinearPath(graph, outputs, window) : undefined;
  const chains = linearPath?.chains ?? outputs.map((output) => graph.chain(output, inputName));
  graph.checkAllRead();
  return {
    inputSteps,
    width,
    chains,
    ...(linearPath && { linearPath: linearPath.path }),
  };
}

/** The layers of a model by name, and which of them have been read. */
class Graph {
  readonly input: string;
  readonly #layers: ReadonlyMap<string, Entry>;
  readonly #unread: Set<string>;

  constructor(layers: ReadonlyMap<string, Entry>, input: string) {
    this.input = input;
    this.#layers = layers;
    this.#unread = new Set(layers.keys());
  }

  /** Marks the layer as read. @throws InputError where there is none of that name. */
  entry(name: string): Entry {
    const found = this.#layers.get(name);
    if (found === undefined)
      throw new InputError(`The model has no layer "${name}", which another one reads.`);
    this.#unread.delete(name);
    return found;
  }

  /** Whether there is an addition of that name. */
  adds(name: string): boolean {
    const found = this.#layers.get(name);
    return found !== undefined && found.layer === undefined;
  }

  /** The layers that lead from `from` to `output`, each reading the one before. */
  chain(output: string, from: string): Layer[] {
    const chain: Layer[] = [];
    for (let at = output; at !== from; ) {
      if (at === this.input) throw new InputError(`Layer "${output}" reads "${at}" and not "${from}".`);
      if (chain.length === this.#layers.size) throw new InputError(`Layer "${output}" reads itself.`);
      const { layer, sources } = this.entry(at);
      if (layer === undefined) {
        throw new InputError(`Layer "${at}" adds two layers in a place where no linear path does.`);
      }
      chain.unshift(layer);
      at = sources[0]!;
    }
    return chain;
  }

  /** @throws InputError unless every layer has been read. */
  checkAllRead(): void {
    for (const name of this.#unread) throw new InputError(`Layer "${name}" leads to no output.`);
  }
}

/**
 * The linear path that leads to the outputs Px + g(x) or Px + g(x - Px), and Px, as topology-writer.ts writes it; undefined
 * where the first output is no addition.
 *
 * @throws InputError naming the layer, where one of its layers differs.
 */
function readLinearPath(
  graph: Graph,
  [reconstructionOutput, linearOutput]: readonly string[],
  shape: WindowShape,
): { path: LinearPath; chains: readonly (readonly Layer[])[] } | undefined {
  if (!graph.adds(reconstructionOutput!)) return undefined;
  const chain = graph.chain(linearOutput!, graph.input);
  const project = chain[1];
  if (project?.kind !== "dense" || !project.name.endsWith(PROJECT_SUFFIX)) {
    throw new InputError(`Layer "${linearOutput}" has to be the end of a linear path.`);
  }
  const path = { name: project.name.slice(0, -PROJECT_SUFFIX.length), components: project.units };
  const wanted = linearPathLayers(path, shape);
  const { negated, negatedWindow, residual, reconstruction } = linearPathSums(path, shape);
  const expectLayers = (found: readonly Layer[], expected: readonly Layer[]): void => {
    for (let n = 0; n < Math.max(found.length, expected.length); n++) {
      if (!isDeepStrictEqual(found[n], expected[n])) {
        const { name } = (found[n] ?? expected[n])!;
        throw new InputError(`Layer "${name}" is not what a linear path has in its place.`);
      }
    }
  };
  const expectSum = (name: string, first: string): string => {
    const { layer, sources } = graph.entry(name);
    if (layer !== undefined || sources[0] !== first) {
      throw new InputError(`Layer "${name}" has to add "${first}" and one other layer.`);
    }
    return sources[1]!;
  };
  expectLayers(chain, [wanted.flatten, wanted.project, wanted.expand, wanted.window]);
  if (reconstructionOutput !== reconstruction) {
    throw new InputError(
      `The first output of a linear path is "${reconstruction}", not "${reconstructionOutput}".`,
    );
  }
  const rest = expectSum(reconstruction, wanted.window.name);
  if (!graph.adds(residual)) {
    return { path: { ...path, encoderReads: "window" }, chains: [graph.chain(rest, graph.input), []] };
  }
  const minusLinear = expectSum(residual, graph.input);
  expectLayers(graph.chain(minusLinear, project.name), [negated, negatedWindow]);
  return { path, chains: [graph.chain(rest, residual), []] };
}

function readLayer(name: string, className: unknown, config: JsonObject): Layer {
  const known = Object.values(LAYERS);
  const found = known.find((description) => description.className === className);
  if (found === undefined) {
    const names = known.map((description) => description.className).join(", ");
    throw new InputError(`Layer "${name}" is of class ${text(className)}, which is not one of ${names}.`);
  }
  return found.readConfig(name, config);
}

function inputShape(name: string, config: JsonObject): [number, number] {
  const what = `batch_input_shape of layer "${name}"`;
  const shape = array(config["batch_input_shape"], what);
  if (shape.length !== 3) throw new InputError(`${what} has to be [null, timesteps, features].`);
  return [count(shape[1], what), count(shape[2], what)];
}

function endpoints(value: unknown, what: string): string[] {
  return array(value, what).map((endpoint) => {
    const name: unknown = Array.isArray(endpoint) ? endpoint[0] : undefined;
    if (typeof name !== "string")
      throw new InputError(`${what} has to hold [layer, 0, 0], not ${text(endpoint)}.`);
    return name;
  });
}
