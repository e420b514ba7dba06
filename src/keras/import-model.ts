/** A network of ours, with its weights, from a model that Keras saved. */
import { InputError } from "../errors.js";
import type { Family } from "../network/architectures.js";
import { descriptionOf } from "../network/layers/layers.js";
import { MAX_FEATURES, MAX_TIMESTEPS, type Network, validateNetwork } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { checkWeights, type Tensor, type Weights } from "../network/weights.js";
import { Chain } from "./chain.js";
import { splitAtEmbedding } from "./embedding.js";
import { INPUT, type KerasGraph, type KerasLayer, readGraph } from "./graph.js";
import { chooseHeads, type HeadChoice } from "./heads.js";
import { translatorOf } from "./layers.js";
import type { Piece } from "./piece.js";
import { firstStateSource, withoutStateReads } from "./states.js";
import type { StoredModel, StoredTensor } from "./stored-model.js";
import { findVariables } from "./variables.js";

export interface ImportOptions {
  /** F: the features of the data that the model is for. */
  readonly features: number;
  /** Rows that the model reads, where its file leaves them open. */
  readonly timesteps?: number | undefined;
  /** What the outputs are, in order; where it is left out, it is guessed, and the notes say what. */
  readonly heads?: readonly HeadChoice[] | undefined;
}

export interface ImportedModel {
  readonly network: Network;
  readonly weights: Weights;
  /** Sentences for a person: what was assumed, and what was left out. */
  readonly notes: readonly string[];
}

/** The name that the input has in files of ours. */
const INPUT_NAME = "window";

/**
 * Translates a model layer by layer. The network gives the numbers of Keras to float32's precision; what it has no kernels
 * for is made of dense layers.
 *
 * @throws InputError, naming the layer, for what cannot be translated, and where the model does not fit the data.
 */
export function importModel(model: StoredModel, options: ImportOptions): ImportedModel {
  const graph = withoutStateReads(readGraph(model.config));
  for (const layer of graph.layers.values()) translatorOf(layer);
  const chains = graph.outputs.map(({ layer }) => chainTo(layer, graph));
  if (chains.length !== 1 && chains.length !== 2) {
    throw new InputError(`The model has ${chains.length} outputs; an autoencoder has one, or two.`);
  }
  const translator = new ModelTranslator(model, graph);
  const { steps, isFlat } = inputOf(graph, options);
  const { features } = options;
  const shared = sharedLayers(chains);
  const trunk = translator.chain([steps, features]);
  if (isFlat) trunk.flatten("input");
  translator.translate(trunk, shared);
  const branches =
    chains.length === 1
      ? [trunk]
      : chains.map((layers) => {
          const branch = translator.chain(trunk.shape);
          translator.translate(branch, layers.slice(shared.length));
          return branch;
        });
  const outputs = branches.map((branch, index) => {
    const name = graph.outputs[index]!.layer;
    return { name, steps: toRows(branch, name, features) };
  });
  const { heads, timesteps, notes } = chooseHeads(outputs, steps, options.heads);
  const { encoder, decoders } = splitAtEmbedding(trunk, chains.length === 1 ? [] : branches);
  const network: Network = {
    timesteps,
    inputSteps: steps,
    features,
    encoder: encoder.map(({ layer }) => layer),
    heads: heads.map((head, index) => ({ ...head, layers: decoders[index]!.map(({ layer }) => layer) })),
  };
  validateNetwork(network);
  const weights = weightsOf([encoder, ...decoders].flat());
  checkWeights(network, weights);
  return { network, weights, notes: [...notes, ...translator.notes] };
}

/** The family whose heads and kind of layers a network has. */
export function familyOf({ encoder, heads }: Network): Family {
  const names = heads.map(({ name }) => name);
  if (names.length > 1) return "composite";
  if (names[0] === "prediction") return "prediction";
  const layers = [...encoder, ...heads.flatMap((head) => head.layers)];
  return layers.some((layer) => descriptionOf(layer).isRecurrent) ? "reconstruction" : "dense";
}

class ModelTranslator {
  readonly notes: string[] = [];
  readonly #taken = new Set([INPUT_NAME]);
  readonly #variables: ReadonlyMap<string, readonly StoredTensor[]>;
  readonly #isKeras2: boolean;
  readonly #graph: KerasGraph;
  /** The last layer of our network that each Keras layer became. */
  readonly #translated = new Map<string, string>();

  constructor(model: StoredModel, graph: KerasGraph) {
    this.#graph = graph;
    this.#variables = findVariables(model, graph);
    this.#isKeras2 = !/^([3-9]|\d\d)/.test(model.kerasVersion ?? "2");
  }

  chain(shape: readonly number[]): Chain {
    return new Chain(shape, this.#taken, this.notes);
  }

  translate(chain: Chain, layers: readonly KerasLayer[]): void {
    for (const layer of layers) {
      const { name, className, config } = layer;
      const tensors = this.#variables.get(name) ?? [];
      const startsFrom = this.#firstState(layer);
      const isKeras2 = this.#isKeras2;
      translatorOf(layer)({ name, className, config, tensors, chain, startsFrom, isKeras2 });
      this.#translated.set(name, chain.pieces.at(-1)?.layer.name ?? "");
    }
  }

  #firstState(layer: KerasLayer): string | undefined {
    const source = firstStateSource(layer, this.#graph);
    if (source === undefined) return undefined;
    const translated = this.#translated.get(source.name);
    if (translated === undefined) {
      throw new InputError(
        `Layer "${layer.name}" starts from the state of layer "${source.name}", which does not lead to what "${layer.name}" reads: a network here is a chain of layers. A decoder that reads the window itself beside the encoder's states (teacher forcing) is shown what it has to reconstruct; let it read RepeatVector of the encoder's output.`,
      );
    }
    return translated;
  }
}

/** The layers from the input to an output, each reading the one before. */
function chainTo(output: string, { layers }: KerasGraph): KerasLayer[] {
  const chain: KerasLayer[] = [];
  let name = output;
  while (name !== INPUT) {
    const layer = layers.get(name);
    if (layer === undefined || chain.length > layers.size) {
      throw new InputError(`The model has a circle at layer "${name}".`);
    }
    const [source] = layer.sources;
    if (source === undefined) throw new InputError(`Layer "${layer.name}" reads no other layer.`);
    chain.unshift(layer);
    name = source.layer;
  }
  return chain;
}

/** The layers that all chains begin with. */
function sharedLayers(chains: readonly (readonly KerasLayer[])[]): KerasLayer[] {
  const [first = [], ...others] = chains;
  const end = first.findIndex((layer, index) => others.some((chain) => chain[index] !== layer));
  return end === -1 ? [...first] : first.slice(0, end);
}

/** The rows that the model reads, and whether it reads them as one vector. */
function inputOf(
  { inputShape }: KerasGraph,
  { features, timesteps }: ImportOptions,
): { steps: number; isFlat: boolean } {
  const isFlat = inputShape.length === 1;
  const [first, width = null] = inputShape as [number | null, (number | null)?];
  if (isFlat && first !== null && first % features !== 0) {
    throw new InputError(
      `The model reads ${first} values, which are not whole rows of the data's ${features} features; choose features with --columns.`,
    );
  }
  if (!isFlat && width !== null && width !== features) {
    throw new InputError(
      `The model reads ${width} features, and the data have ${features}; choose features with --columns.`,
    );
  }
  const fixed = isFlat && first !== null ? first / features : first;
  const steps = fixed ?? timesteps;
  if (steps === undefined) {
    throw new InputError(
      "The model takes windows of any length; say how many rows they have with --timesteps.",
    );
  }
  if (timesteps !== undefined && timesteps !== steps) {
    throw new InputError(
      `The model reads windows of ${steps} rows, not of ${timesteps}; leave out --timesteps.`,
    );
  }
  if (steps > MAX_TIMESTEPS || features > MAX_FEATURES) {
    throw new InputError(
      `The model reads windows of ${steps} x ${features}; the most is ${MAX_TIMESTEPS} x ${MAX_FEATURES}.`,
    );
  }
  return { steps, isFlat };
}

/** Makes an output rows of features, if it is a vector. @returns its rows */
function toRows(chain: Chain, name: string, features: number): number {
  const { shape } = chain;
  const values = sizeOf(shape);
  const isRows = shape.length === 2 ? shape[1] === features : values % features === 0;
  if (!isRows) {
    throw new InputError(
      `Output "${name}" gives [${shape.join(", ")}], and the data have ${features} features: an output has to give every feature of its rows.`,
    );
  }
  if (shape.length === 1) chain.reshape(name, [values / features, features]);
  return values / features;
}

function weightsOf(pieces: readonly Piece[]): Map<string, Tensor> {
  return new Map(
    pieces.flatMap(({ layer, weights }) =>
      [...weights].map(([part, tensor]): [string, Tensor] => [`${layer.name}/${part}`, tensor]),
    ),
  );
}
