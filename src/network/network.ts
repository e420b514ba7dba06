/**
 * What an autoencoder is: layers, shapes and heads. There is no engine in it.
 *
 *   window [T, F] -> the first `inputSteps` rows -> encoder -> embedding [U] -> one chain of layers per head
 *
 * A head answers for `steps` rows of the window from row `start` on; a `reversed` head gives them last row first.
 */
import { InputError } from "../errors.js";

/**
 * `hardSigmoid` is clip(0.2x + 0.5, 0, 1), the one of TF.js and Keras 2;
 * `hardSigmoidKeras3` is clip(x/6 + 0.5, 0, 1).
 */
export const ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "hardSigmoid", "hardSigmoidKeras3"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export type RecurrentActivation = Extract<Activation, "sigmoid" | "hardSigmoid" | "hardSigmoidKeras3">;

/** [T, F] -> [T, units] with `returnSequences`, else [units]. Gates stand in the order i, f, c, o. */
export interface LstmLayer {
  readonly kind: "lstm";
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: RecurrentActivation;
  readonly returnSequences: boolean;
}

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

/** [N] -> [times, N]. */
export interface RepeatVectorLayer {
  readonly kind: "repeatVector";
  readonly name: string;
  readonly times: number;
}

/** Training only: zeroes a share of the units and scales the others by 1 / (1 - rate). */
export interface DropoutLayer {
  readonly kind: "dropout";
  readonly name: string;
  readonly rate: number;
}

/** [T, F] -> [T * F]. */
export interface FlattenLayer {
  readonly kind: "flatten";
  readonly name: string;
}

/** [N] -> `shape`. */
export interface ReshapeLayer {
  readonly kind: "reshape";
  readonly name: string;
  readonly shape: readonly [timesteps: number, features: number];
}

export type Layer =
  | LstmLayer
  | DenseLayer
  | TimeDistributedDenseLayer
  | RepeatVectorLayer
  | DropoutLayer
  | FlattenLayer
  | ReshapeLayer;

export const HEAD_NAMES = ["reconstruction", "prediction"] as const;
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
  readonly encoder: readonly Layer[];
  readonly heads: readonly Head[];
}

/** Sizes above these are a mistake or an attack, not a model. */
export const MAX_TIMESTEPS = 10_000;
export const MAX_FEATURES = 10_000;
export const MAX_UNITS = 16_384;
export const MAX_PARAMETERS = 100_000_000;

/** The shape after one layer. Throws InputError, naming the layer, where it does not fit. */
export function layerOutputShape(layer: Layer, input: readonly number[]): readonly number[] {
  const needs = (rank: number): void => {
    if (input.length !== rank) {
      throw new InputError(
        `Layer "${layer.name}" (${layer.kind}) takes ${rank === 1 ? "a vector" : "a sequence"}, not shape [${input.join(", ")}].`,
      );
    }
  };
  switch (layer.kind) {
    case "lstm":
      needs(2);
      return layer.returnSequences ? [input[0]!, layer.units] : [layer.units];
    case "dense":
      needs(1);
      return [layer.units];
    case "timeDistributedDense":
      needs(2);
      return [input[0]!, layer.units];
    case "repeatVector":
      needs(1);
      return [layer.times, input[0]!];
    case "dropout":
      return input;
    case "flatten":
      needs(2);
      return [input[0]! * input[1]!];
    case "reshape":
      needs(1);
      if (layer.shape[0] * layer.shape[1] !== input[0]) {
        throw new InputError(
          `Layer "${layer.name}" cannot reshape ${input[0]} values to [${layer.shape.join(", ")}].`,
        );
      }
      return layer.shape;
  }
}

/** The shape after a chain of layers. Throws InputError, naming the layer, where one does not fit. */
export function outputShape(layers: readonly Layer[], input: readonly number[]): readonly number[] {
  return layers.reduce((shape, layer) => layerOutputShape(layer, shape), input);
}

/** Every layer with the shape it reads and the shape it gives: the encoder's, then each head's in order. */
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
      const output = layerOutputShape(layer, input);
      rows.push({ layer, input, output, head });
      return output;
    }, from);
  const embedding = walk(network.encoder, [network.inputSteps, network.features], undefined);
  for (const head of network.heads) walk(head.layers, embedding, head);
  return rows;
}

/** U: the length of the encoder's last state. */
export function embeddingUnits(network: Network): number {
  return outputShape(network.encoder, [network.inputSteps, network.features])[0]!;
}

/**
 * The weights a network has, by name (`<layer>/kernel`, `<layer>/recurrent_kernel`, `<layer>/bias`), with their
 * shapes: LSTM kernel [F, 4U], recurrent kernel [U, 4U], bias [4U]; dense kernel [N, U], bias [U].
 * A tied dense layer has a bias alone.
 */
export function weightShapes(network: Network): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { layer, input } of layersWithShapes(network)) {
    const width = input[input.length - 1]!;
    if (layer.kind === "lstm") {
      shapes.set(`${layer.name}/kernel`, [width, 4 * layer.units]);
      shapes.set(`${layer.name}/recurrent_kernel`, [layer.units, 4 * layer.units]);
      shapes.set(`${layer.name}/bias`, [4 * layer.units]);
    } else if (layer.kind === "dense" || layer.kind === "timeDistributedDense") {
      if (layer.kind === "timeDistributedDense" || layer.tiedTo === undefined) {
        shapes.set(`${layer.name}/kernel`, [width, layer.units]);
      }
      shapes.set(`${layer.name}/bias`, [layer.units]);
    }
  }
  return shapes;
}

/** Throws InputError with one sentence where the network is not one that can be built. */
export function validateNetwork(network: Network): void {
  const fail = (sentence: string): never => {
    throw new InputError(sentence);
  };
  const within = (what: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most) {
      fail(`${what} has to be a whole number from ${least} to ${most}, not ${value}.`);
    }
  };
  within("timesteps", network.timesteps, 1, MAX_TIMESTEPS);
  within("features", network.features, 1, MAX_FEATURES);
  within("inputSteps", network.inputSteps, 1, network.timesteps);
  if (network.heads.length === 0) fail("A network needs at least one head.");
  const names = new Set<string>();
  const untied = new Map<string, readonly [number, number]>();
  for (const { layer, input } of layersWithShapes(network)) {
    if (names.has(layer.name)) fail(`Two layers are named "${layer.name}".`);
    names.add(layer.name);
    if ("units" in layer) within(`units of "${layer.name}"`, layer.units, 1, MAX_UNITS * 16);
    if (layer.kind === "repeatVector") within(`times of "${layer.name}"`, layer.times, 1, MAX_TIMESTEPS);
    if (layer.kind === "dropout" && !(layer.rate >= 0 && layer.rate < 1)) {
      fail(`rate of "${layer.name}" has to be in [0, 1), not ${layer.rate}.`);
    }
    if (layer.kind !== "dense") continue;
    if (layer.tiedTo === undefined) {
      untied.set(layer.name, [input[0]!, layer.units]);
    } else {
      const kernel =
        untied.get(layer.tiedTo) ??
        fail(`"${layer.name}" is tied to "${layer.tiedTo}", which is no earlier dense layer.`);
      if (kernel[0] !== layer.units || kernel[1] !== input[0]) {
        fail(
          `"${layer.name}" maps ${input[0]} to ${layer.units}, which is not the transpose of "${layer.tiedTo}" (${kernel[0]} to ${kernel[1]}).`,
        );
      }
    }
  }
  const embedding = outputShape(network.encoder, [network.inputSteps, network.features]);
  if (embedding.length !== 1) fail("The encoder has to end in a vector.");
  const headNames = new Set<string>();
  for (const head of network.heads) {
    if (headNames.has(head.name)) fail(`Two heads are named "${head.name}".`);
    headNames.add(head.name);
    const shape = outputShape(head.layers, embedding);
    if (shape.length !== 2 || shape[0] !== head.steps || shape[1] !== network.features) {
      fail(`Head "${head.name}" gives [${shape.join(", ")}], not [${head.steps}, ${network.features}].`);
    }
    if (head.start < 0 || head.start + head.steps > network.timesteps) {
      fail(`Head "${head.name}" answers for rows outside the window.`);
    }
  }
  let parameters = 0;
  for (const shape of weightShapes(network).values()) parameters += shape.reduce((a, b) => a * b, 1);
  if (parameters > MAX_PARAMETERS)
    fail(`The network has ${parameters} parameters; the most is ${MAX_PARAMETERS}.`);
}
