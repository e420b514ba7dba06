/**
 * What an autoencoder is: layers, shapes and heads. There is no engine in it.
 *
 *   window [T, F + C] -> the first `inputSteps` rows -> encoder -> embedding [U] -> one chain of layers per head
 *
 * A row of a window has F readings, which heads give back, and behind them C covariates, which they do not: numbers that
 * are known without a sensor, such as the hour of the day. Most networks have none, and read windows [T, F].
 *
 * A head answers for `steps` rows of the window from row `start` on; a `reversed` head gives them last row first.
 *
 * With a linear path (linear-path.ts) the encoder reads x or r = x - Px, with the covariates as they are, and two heads
 * answer: `reconstruction`, Px plus what its layers make of the embedding, and `linear`, Px.
 */
import { InputError } from "../errors.js";
import { checkFirstStates } from "./first-states.js";
import type { WeightDescription } from "./layers/description.js";
import { descriptionOf, type Layer } from "./layers/layers.js";
import { checkWithin, MAX_FEATURES, MAX_PARAMETERS, MAX_TIMESTEPS } from "./limits.js";
import { checkLinearPath, type LinearPath, layersOfLinearPath } from "./linear-path.js";
import { sizeOf } from "./shape.js";

export * from "./activations.js";
export type { DenseLayer, TimeDistributedDenseLayer } from "./layers/dense.js";
export type { WeightDescription } from "./layers/description.js";
export type { GruLayer } from "./layers/gru.js";
export type { LayerNormalizationLayer } from "./layers/layer-normalization.js";
export type { Layer, LayerKind, LayerOf } from "./layers/layers.js";
export type { LstmLayer } from "./layers/lstm.js";
export { MAX_FEATURES, MAX_PARAMETERS, MAX_TIMESTEPS, MAX_UNITS } from "./limits.js";
export type { LinearPath } from "./linear-path.js";

export const HEAD_NAMES = ["reconstruction", "prediction", "linear"] as const;
export type HeadName = (typeof HEAD_NAMES)[number];

export interface Head {
  readonly name: HeadName;
  /** The first row of the window that the head answers for. */
  readonly start: number;
  /** How many rows it answers for. */
  readonly steps: number;
  /** Whether its output stands last row first. */
  readonly reversed: boolean;
  readonly layers: readonly Layer[];
}

/**
 * Training only, on the network's input: `masking` sets a share of the readings to 0 (the training mean, in
 * scaled units), `gaussian` adds noise. Nothing is rescaled (Vincent et al. 2010, "Stacked Denoising
 * Autoencoders", JMLR 11).
 */
export type Corruption =
  | { readonly kind: "masking"; readonly rate: number }
  | { readonly kind: "gaussian"; readonly stddev: number };

export interface Network {
  /** T: rows of a window. */
  readonly timesteps: number;
  /** Rows the encoder reads, from the first on: T, or T - H for a horizon of H. */
  readonly inputSteps: number;
  /** F: readings of a row. */
  readonly features: number;
  /** C: covariates of a row, behind its readings; none where it is left out. */
  readonly covariates?: number;
  readonly encoder: readonly Layer[];
  readonly heads: readonly Head[];
  /** P, whose Px is added to what the layers of the head `reconstruction` give. */
  readonly linearPath?: LinearPath;
}

/** F + C: the numbers of a row that a network reads. */
export function inputWidth({ features, covariates = 0 }: Pick<Network, "features" | "covariates">): number {
  return features + covariates;
}

/** The numbers of a row of a window: how many are readings, which come first, and how many there are. */
export interface RowShape {
  readonly features: number;
  readonly width: number;
}

/** The row shape of a network's windows. */
export function rowShape(network: Pick<Network, "features" | "covariates">): RowShape {
  return { features: network.features, width: inputWidth(network) };
}

/** The numbers of a window: T rows of readings and covariates. */
export function windowSize(network: Pick<Network, "timesteps" | "features" | "covariates">): number {
  return network.timesteps * inputWidth(network);
}

/**
 * g alone: the network without its linear path and without the head `linear`. It is what training fits, on windows
 * x - Px; its weights are the network's without those of the linear path. A network without a linear path is its own.
 */
export function residualNetwork(network: Network): Network {
  if (network.linearPath === undefined) return network;
  const { linearPath: _, ...rest } = network;
  return { ...rest, heads: network.heads.filter(({ name }) => name !== "linear") };
}

/**
 * The shape after a chain of layers.
 *
 * @throws InputError naming the layer, where one does not fit.
 */
export function outputShape(layers: readonly Layer[], input: readonly number[]): readonly number[] {
  return layers.reduce((shape, layer) => descriptionOf(layer).outputShape(layer, shape), input);
}

/**
 * Every layer with the shape it reads and the shape it gives: the encoder's, then each head's in order, then the linear
 * path's.
 */
export function layersWithShapes(
  network: Network,
): { layer: Layer; input: readonly number[]; output: readonly number[]; head: Head | undefined }[] {
  const rows: ReturnType<typeof layersWithShapes> = [];
  const walk = (
    layers: readonly Layer[],
    from: readonly number[],
    head: Head | undefined,
  ): readonly number[] =>
    layers.reduce((input, layer) => {
      const output = descriptionOf(layer).outputShape(layer, input);
      rows.push({ layer, input, output, head });
      return output;
    }, from);
  const window = [network.inputSteps, inputWidth(network)];
  const embedding = walk(network.encoder, window, undefined);
  for (const head of network.heads) walk(head.layers, embedding, head);
  walk(layersOfLinearPath(network), window, undefined);
  return rows;
}

/** U: the length of the encoder's last state. */
export function embeddingUnits(network: Network): number {
  return outputShape(network.encoder, [network.inputSteps, inputWidth(network)])[0]!;
}

/** Every weight of a network by name (`<layer>/<part>`), layer by layer: the order of the files. */
export function weightDescriptions(network: Network): Map<string, WeightDescription> {
  return new Map(
    layersWithShapes(network).flatMap(({ layer, input }) =>
      descriptionOf(layer)
        .weights(layer, input)
        .map((weight): [string, WeightDescription] => [`${layer.name}/${weight.part}`, weight]),
    ),
  );
}

/** The weights a network has, by name, with their shapes; each kind's file in `layers/` says which those are. */
export function weightShapes(network: Network): Map<string, readonly number[]> {
  return new Map([...weightDescriptions(network)].map(([name, { shape }]) => [name, shape]));
}

/** The number of weights of a network. */
export function parameterCount(network: Network): number {
  let parameters = 0;
  for (const shape of weightShapes(network).values()) parameters += sizeOf(shape);
  return parameters;
}

/** @throws InputError with one sentence where the network is not one that can be built. */
export function validateNetwork(network: Network): void {
  const fail = (sentence: string): never => {
    throw new InputError(sentence);
  };
  checkWithin("timesteps", network.timesteps, 1, MAX_TIMESTEPS);
  checkWithin("features", network.features, 1, MAX_FEATURES);
  if (network.covariates !== undefined) checkWithin("covariates", network.covariates, 1, MAX_FEATURES);
  checkWithin("inputSteps", network.inputSteps, 1, network.timesteps);
  if (network.heads.length === 0) fail("A network needs at least one head.");
  checkLinearPath(network);
  const rows = layersWithShapes(network);
  checkFirstStates(rows.map(({ layer }) => layer));
  const names = new Set<string>();
  const untied = new Map<string, readonly [number, number]>();
  for (const { layer, input } of rows) {
    if (names.has(layer.name)) fail(`Two layers are named "${layer.name}".`);
    names.add(layer.name);
    descriptionOf(layer).check(layer);
    if (layer.kind !== "dense") continue;
    if (layer.tiedTo === undefined) {
      untied.set(layer.name, [input[0]!, layer.units]);
    } else {
      const kernel =
        untied.get(layer.tiedTo) ??
        fail(`"${layer.name}" is tied to "${layer.tiedTo}", which is not an earlier dense layer.`);
      if (kernel[0] !== layer.units || kernel[1] !== input[0]) {
        fail(
          `"${layer.name}" maps ${input[0]} to ${layer.units}, which is not the transpose of "${layer.tiedTo}" (${kernel[0]} to ${kernel[1]}).`,
        );
      }
    }
  }
  const embedding = outputShape(network.encoder, [network.inputSteps, inputWidth(network)]);
  if (embedding.length !== 1) fail("The encoder has to end in a vector.");
  const headNames = new Set<string>();
  for (const head of network.heads) {
    if (headNames.has(head.name)) fail(`Two heads are named "${head.name}".`);
    headNames.add(head.name);
    if (head.name === "linear") continue;
    const shape = outputShape(head.layers, embedding);
    if (shape.length !== 2 || shape[0] !== head.steps || shape[1] !== network.features) {
      fail(`Head "${head.name}" gives [${shape.join(", ")}], not [${head.steps}, ${network.features}].`);
    }
    if (head.start < 0 || head.start + head.steps > network.timesteps) {
      fail(`Head "${head.name}" answers for rows outside the window.`);
    }
  }
  const parameters = parameterCount(network);
  if (parameters > MAX_PARAMETERS) {
    fail(`The network has ${parameters} parameters; the most is ${MAX_PARAMETERS}.`);
  }
}
