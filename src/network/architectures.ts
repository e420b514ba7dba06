/**
 * The six families of autoencoder, built from options.
 *
 *   reconstruction, prediction, composite   recurrent encoder -> embedding -> one recurrent decoder per head
 *                                           (Srivastava et al. 2015, "Unsupervised Learning of Video
 *                                           Representations using LSTMs", ICML)
 *   dense, stacked, denoising               dense layers on the flattened window; `stacked` uses each encoder
 *                                           kernel transposed in its decoder, `denoising` is `dense` trained on
 *                                           corrupted inputs, which is no part of the network
 */
import { InputError } from "../errors.js";
import { checkWithin } from "./limits.js";
import type {
  Activation,
  Head,
  HeadName,
  Layer,
  LayerKind,
  LinearPath,
  Network,
  RecurrentActivation,
} from "./network.js";
import { validateNetwork } from "./network.js";

export const FAMILIES = [
  "reconstruction",
  "prediction",
  "composite",
  "dense",
  "stacked",
  "denoising",
] as const;
export type Family = (typeof FAMILIES)[number];

/** The kinds of layer that the recurrent families may be built of. */
export const CELLS = ["lstm", "gru"] as const satisfies readonly LayerKind[];
export type Cell = (typeof CELLS)[number];

export interface ArchitectureOptions {
  readonly family: Family;
  /** Rows the encoder reads; without a horizon also the rows of a window. */
  readonly timesteps: number;
  /** Rows after those, which the prediction head answers for and the encoder does not see. */
  readonly horizon?: number | undefined;
  readonly features: number;
  /** Numbers of a row that are read beside the readings, and not reconstructed; none where it is left out. */
  readonly covariates?: number | undefined;
  /** Of the encoder's layers, outermost first; the decoders mirror them. */
  readonly units: readonly number[];
  readonly activation: Activation;
  /** `lstm` where it is left out. */
  readonly cell?: Cell | undefined;
  /** Of the gates; `sigmoid`, as in Keras, where it is left out. */
  readonly recurrentActivation?: RecurrentActivation | undefined;
  /** Reconstruction decoders give the last row first. */
  readonly reverse?: boolean | undefined;
  /** Share of the embedding dropped in training; 0 for none. */
  readonly dropout?: number | undefined;
  /** Components of a linear path beside the network (linear-path.ts); none where it is left out. */
  readonly linearPath?: number | undefined;
  /** What the encoder beside a linear path reads: the window, or, where it is left out, what the path leaves of it. */
  readonly encoderReads?: LinearPath["encoderReads"];
}

const HEADS_OF: Record<Family, readonly HeadName[]> = {
  reconstruction: ["reconstruction"],
  prediction: ["prediction"],
  composite: ["reconstruction", "prediction"],
  dense: ["reconstruction"],
  stacked: ["reconstruction"],
  denoising: ["reconstruction"],
};

/** Whether a family is built of recurrent layers; the others flatten the window. */
export function isRecurrent(family: Family): boolean {
  return family === "reconstruction" || family === "prediction" || family === "composite";
}

/**
 * The network of a family. Its layers are named `encoder_1`, `encoder_2`, ..., and `<head>_1`, ...,
 * `<head>_output`; a linear path is named `linear`.
 *
 * @throws InputError where the options contradict each other or give a network that cannot be built.
 */
export function buildNetwork(options: ArchitectureOptions): Network {
  checkOptions(options);
  const readings = isRecurrent(options.family) ? recurrentNetwork(options) : denseNetwork(options);
  const { covariates } = options;
  const plain = covariates === undefined ? readings : { ...readings, covariates };
  const network = options.linearPath === undefined ? plain : withLinearPath(plain, options);
  validateNetwork(network);
  return network;
}

function withLinearPath(network: Network, { linearPath, encoderReads }: ArchitectureOptions): Network {
  const head: Head = { name: "linear", start: 0, steps: network.timesteps, reversed: false, layers: [] };
  const path = { name: "linear", components: linearPath!, ...(encoderReads && { encoderReads }) };
  return { ...network, heads: [...network.heads, head], linearPath: path };
}

function checkOptions(options: ArchitectureOptions): void {
  const { family, horizon, units } = options;
  positive("timesteps", options.timesteps);
  positive("features", options.features);
  if (units.length === 0) throw new InputError("A network needs at least one layer of units, such as 64.");
  for (const count of units) positive("units", count);
  if (horizon !== undefined) {
    positive("horizon", horizon);
    if (!HEADS_OF[family].includes("prediction")) {
      throw new InputError(
        `A horizon needs a prediction head: take family prediction or composite, not ${family}.`,
      );
    }
  } else if (HEADS_OF[family].includes("prediction") && options.timesteps < 2) {
    throw new InputError(`Family ${family} without a horizon needs timesteps of at least 2, not 1.`);
  }
  if (options.reverse === true && (!isRecurrent(family) || family === "prediction")) {
    throw new InputError(
      `Reverse needs a recurrent reconstruction decoder: take family reconstruction or composite, not ${family}.`,
    );
  }
  if (options.cell === "gru" && !isRecurrent(family)) {
    throw new InputError(
      `Cell gru needs recurrent layers: take family reconstruction, prediction or composite, not ${family}.`,
    );
  }
  if (options.covariates !== undefined && family === "stacked") {
    throw new InputError(
      "Family stacked gives windows back with the transposed kernels that it reads them with, and so cannot read inputs that it does not reconstruct, such as the calendar's: take family dense.",
    );
  }
  if (options.linearPath !== undefined) checkLinearPathOption(options, options.linearPath);
  const dropout = options.dropout ?? 0;
  if (!(dropout >= 0 && dropout < 1)) throw new InputError(`dropout has to be in [0, 1), not ${dropout}.`);
}

function checkLinearPathOption(
  { family, reverse, timesteps, features }: ArchitectureOptions,
  components: number,
): void {
  if (HEADS_OF[family].includes("prediction")) {
    throw new InputError(`A linear path is part of a reconstruction: family ${family} also predicts.`);
  }
  if (reverse === true) throw new InputError("A linear path needs a decoder that is not reversed.");
  checkWithin("components of the linear path", components, 1, timesteps * features);
}

function positive(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new InputError(`${what} has to be a whole number of at least 1, not ${value}.`);
  }
}

function dropoutLayers(options: ArchitectureOptions): Layer[] {
  const rate = options.dropout ?? 0;
  return rate > 0 ? [{ kind: "dropout", name: "dropout", rate }] : [];
}

function recurrentNetwork(options: ArchitectureOptions): Network {
  const { timesteps: inputSteps, horizon, features, units, activation } = options;
  const recurrentActivation = options.recurrentActivation ?? "sigmoid";
  const recurrent = (name: string, width: number, returnSequences: boolean): Layer => ({
    kind: options.cell ?? "lstm",
    name,
    units: width,
    activation,
    recurrentActivation,
    returnSequences,
  });
  const head = (name: HeadName): Head => {
    const rows =
      name === "reconstruction"
        ? { start: 0, steps: inputSteps }
        : horizon === undefined
          ? { start: 1, steps: inputSteps - 1 }
          : { start: inputSteps, steps: horizon };
    return {
      name,
      ...rows,
      reversed: name === "reconstruction" && options.reverse === true,
      layers: [
        { kind: "repeatVector", name: `${name}_repeat`, times: rows.steps },
        ...units.toReversed().map((width, at) => recurrent(`${name}_${at + 1}`, width, true)),
        { kind: "timeDistributedDense", name: `${name}_output`, units: features, activation: "linear" },
      ],
    };
  };
  return {
    timesteps: inputSteps + (horizon ?? 0),
    inputSteps,
    features,
    encoder: [
      ...units.map((width, at) => recurrent(`encoder_${at + 1}`, width, at < units.length - 1)),
      ...dropoutLayers(options),
    ],
    heads: HEADS_OF[options.family].map(head),
  };
}

function denseNetwork(options: ArchitectureOptions): Network {
  const { timesteps, features, units, activation } = options;
  const inner = units.slice(0, -1).toReversed();
  /** A decoder layer uses the kernel of the encoder layer it mirrors: the last encoder layer's comes first. */
  const tie = (at: number) =>
    options.family === "stacked" ? { tiedTo: `encoder_${units.length - at}` } : undefined;
  return {
    timesteps,
    inputSteps: timesteps,
    features,
    encoder: [
      { kind: "flatten", name: "flatten" },
      ...units.map(
        (width, at): Layer => ({ kind: "dense", name: `encoder_${at + 1}`, units: width, activation }),
      ),
      ...dropoutLayers(options),
    ],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: timesteps,
        reversed: false,
        layers: [
          ...inner.map(
            (width, at): Layer => ({
              kind: "dense",
              name: `reconstruction_${at + 1}`,
              units: width,
              activation,
              ...tie(at),
            }),
          ),
          {
            kind: "dense",
            name: "reconstruction_output",
            units: timesteps * features,
            activation: "linear",
            ...tie(inner.length),
          },
          { kind: "reshape", name: "reconstruction_window", shape: [timesteps, features] },
        ],
      },
    ],
  };
}
