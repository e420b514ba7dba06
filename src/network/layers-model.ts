/**
 * A network and its weights as a TF.js layers model, both ways: `model.json` (topology and weights manifest) and
 * `weights.bin` (the float32 tensors one after the other, little-endian).
 *
 * What TF.js has no field for is in the bundle's manifest: the rows each head answers for, the layer that ends the
 * encoder, and which kernels are one matrix (here they are written twice). A linear path follows from model.json alone,
 * by the names of its layers; where g reads what it leaves, its last dense layer is written a second time with negated
 * weights.
 */
import { InputError } from "../errors.js";
import { object, text } from "./json-guards.js";
import {
  checkNegated,
  checkReadsReadings,
  negatedCopies,
  negatedCopy,
  negatedShape,
} from "./linear-path-file.js";
import {
  embeddingUnits,
  type Head,
  type Layer,
  layersWithShapes,
  type Network,
  outputShape,
  validateNetwork,
  weightShapes,
} from "./network.js";
import { readTopology } from "./topology-reader.js";
import { writeTopology } from "./topology-writer.js";
import { checkWeights, haveSameBits, splitWeightName, type Tensor, type Weights } from "./weights.js";
import { packTensors, unpackTensors } from "./weights-file.js";

/** Two kernels that are one matrix: `kernel` is the transpose of `transposeOf`. */
export interface Tie {
  readonly kernel: string;
  readonly transposeOf: string;
}

/** What is known of a network besides its model.json. */
export interface NetworkDescription {
  readonly timesteps: number;
  readonly inputSteps: number;
  readonly features: number;
  readonly covariates?: number | undefined;
  /** In the order of the model's outputs. */
  readonly heads: readonly Omit<Head, "layers">[];
  readonly embeddingLayer: string;
  readonly ties: readonly Tie[];
}

export interface LayersModel {
  /** An object that JSON can hold. */
  readonly modelJson: object;
  readonly weightsBin: Uint8Array;
}

/** What `readLayersModel` needs besides the files to give this network again. */
export function describeNetwork(network: Network): NetworkDescription {
  const embedding = network.encoder[network.encoder.length - 1];
  if (embedding === undefined || embeddingUnits(network) < 1)
    throw new InputError("The encoder has no layer.");
  return {
    timesteps: network.timesteps,
    inputSteps: network.inputSteps,
    features: network.features,
    ...(network.covariates !== undefined && { covariates: network.covariates }),
    heads: network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    embeddingLayer: embedding.name,
    ties: layersWithShapes(network).flatMap(({ layer }) =>
      layer.kind === "dense" && layer.tiedTo !== undefined
        ? [{ kernel: `${layer.name}/kernel`, transposeOf: `${layer.tiedTo}/kernel` }]
        : [],
    ),
  };
}

/**
 * The files of a network.
 *
 * @throws InputError where the weights are not the network's, or not finite.
 */
export function writeLayersModel(network: Network, weights: Weights): LayersModel {
  validateNetwork(network);
  checkWeights(network, weights);
  const sources = new Map(describeNetwork(network).ties.map((tie) => [tie.kernel, tie.transposeOf]));
  const tensors = new Map(
    [...weightShapes(mapLayers(network, untied))].map(([name, shape]) => {
      const source = sources.get(name);
      const tensor = weights.get(source ?? name)!;
      return [name, { shape, data: source === undefined ? tensor.data : transpose(tensor) }];
    }),
  );
  for (const [copy, original] of negatedCopies(network)) {
    tensors.set(copy, negatedCopy(weights.get(original)!, network));
  }
  const { weightsManifest, weightsBin } = packTensors(tensors);
  return {
    modelJson: {
      format: "layers-model",
      generatedBy: "Residua",
      convertedBy: null,
      modelTopology: writeTopology(network),
      weightsManifest,
    },
    weightsBin,
  };
}

/**
 * Reads a model back.
 *
 * @param modelJson the parsed model.json, which may hold anything.
 * @throws InputError naming the layer or weight, for an unknown layer, a shape that does not fit, a missing or
 * additional weight, one that is not finite, a tie that does not hold, or a weights.bin of another length.
 */
export function readLayersModel(
  modelJson: unknown,
  weightsBin: Uint8Array,
  description: NetworkDescription,
): { network: Network; weights: Weights } {
  const model = object(modelJson, "model.json");
  if (model["format"] !== "layers-model") {
    throw new InputError(`format of model.json has to be "layers-model", not ${text(model["format"])}.`);
  }
  const plain = readNetwork(model["modelTopology"], description);
  const negated = negatedCopies(plain);
  const shapes = weightShapes(plain);
  for (const [copy, original] of negated) shapes.set(copy, negatedShape(shapes.get(original)!, plain));
  const tensors = unpackTensors(model["weightsManifest"], weightsBin, shapes);
  for (const [copy, original] of negated) {
    checkNegated([copy, tensors.get(copy)!], [original, tensors.get(original)!], plain);
    tensors.delete(copy);
  }
  checkReadsReadings(plain, tensors);
  const tiedTo = new Map<string, string>();
  for (const tie of description.ties) {
    checkTie(tie, tensors);
    tensors.delete(tie.kernel);
    tiedTo.set(splitWeightName(tie.kernel)[0], splitWeightName(tie.transposeOf)[0]);
  }
  const network = mapLayers(plain, (layer) => {
    const source = tiedTo.get(layer.name);
    return layer.kind === "dense" && source !== undefined ? { ...layer, tiedTo: source } : layer;
  });
  validateNetwork(network);
  checkWeights(network, tensors);
  return { network, weights: tensors };
}

function mapLayers(network: Network, change: (layer: Layer) => Layer): Network {
  return {
    ...network,
    encoder: network.encoder.map(change),
    heads: network.heads.map((head) => ({ ...head, layers: head.layers.map(change) })),
  };
}

function untied(layer: Layer): Layer {
  if (layer.kind !== "dense" || layer.tiedTo === undefined) return layer;
  const { tiedTo: _, ...rest } = layer;
  return rest;
}

function readNetwork(modelTopology: unknown, description: NetworkDescription): Network {
  const { features, covariates = 0 } = description;
  const width = features + covariates;
  const topology = readTopology(modelTopology, covariates);
  const { inputSteps, chains, linearPath } = topology;
  if (inputSteps !== description.inputSteps || topology.width !== width) {
    throw new InputError(
      `model.json reads [${inputSteps}, ${topology.width}], the manifest says [${description.inputSteps}, ${width}].`,
    );
  }
  if (chains.length !== description.heads.length) {
    throw new InputError(`model.json has ${chains.length} outputs for ${description.heads.length} heads.`);
  }
  const { timesteps, embeddingLayer } = description;
  const end = chains[0]!.findIndex((layer) => layer.name === embeddingLayer) + 1;
  const encoder = chains[0]!.slice(0, end);
  if (end === 0) throw new InputError(`model.json has no embedding layer "${embeddingLayer}".`);
  const embedding = outputShape(encoder, [inputSteps, width]);
  if (embedding.length !== 1) {
    throw new InputError(
      `Embedding layer "${embeddingLayer}" gives [${embedding.join(", ")}], not a vector.`,
    );
  }
  const heads = description.heads.map(({ name, start, steps, reversed }, at): Head => {
    // Px is not computed from the embedding.
    if (linearPath !== undefined && at > 0) return { name, start, steps, reversed, layers: [] };
    // Chains of one model share their layer objects up to where they part.
    if (encoder.some((layer, depth) => chains[at]![depth] !== layer)) {
      throw new InputError(`Head "${name}" does not read the embedding layer "${embeddingLayer}".`);
    }
    return { name, start, steps, reversed, layers: chains[at]!.slice(end) };
  });
  const network: Network = {
    timesteps,
    inputSteps,
    features,
    ...(covariates > 0 && { covariates }),
    encoder,
    heads,
    ...(linearPath && { linearPath }),
  };
  validateNetwork(network);
  return network;
}

/** @throws InputError unless the two kernels are the same bit for bit, since both were written from one matrix. */
function checkTie(tie: Tie, tensors: ReadonlyMap<string, Tensor>): void {
  const kernel = tensors.get(tie.kernel);
  const original = tensors.get(tie.transposeOf);
  if (kernel === undefined || original === undefined) {
    throw new InputError(`"${tie.kernel}" is tied to "${tie.transposeOf}"; model.json does not have both.`);
  }
  const isTransposed = kernel.shape.join() === original.shape.toReversed().join();
  if (!isTransposed || !haveSameBits(kernel.data, transpose(original))) {
    throw new InputError(
      `"${tie.kernel}" is not the transpose of "${tie.transposeOf}", to which it is tied.`,
    );
  }
}

function transpose({ shape, data }: Tensor): Float32Array {
  const [rows, columns] = [shape[0]!, shape[1]!];
  const transposed = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      transposed[column * rows + row] = data[row * columns + column]!;
  }
  return transposed;
}
