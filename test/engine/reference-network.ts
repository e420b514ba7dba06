/**
 * The oracle of the engines: a network in plain float64, one window and one number at a time, written from the
 * equations and for reading. Dropout is off unless a mask is given.
 *
 * LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000), a the activation, r the recurrent one:
 *   i, f, o = r(x.W + h.R + b)   g = a(x.W + h.R + b)   c' = f c + i g   h' = o a(c')
 * GRU (Cho et al. 2014, with Keras's `reset_after`), v and s the update and reset gates:
 *   v, s = r(x.W + b + h.R + d)   g = a(x.W + b + s (h.R + d))   h' = v h + (1 - v) g
 * Layer normalisation (Ba et al. 2016) of a row: gamma (x - mean) / sqrt(variance + epsilon) + beta
 * A linear path P beside an autoencoder g: Px + g(x) or Px + g(x - Px), Px = (x.W + b).V + d of the flattened window. g reads the
 * covariates of a row, which stand behind its features, as they are.
 */
import type { Loss } from "../../src/engine/engine.js";
import {
  inputWidth,
  type Layer,
  type LinearPath,
  type Network,
  windowSize,
} from "../../src/network/network.js";
import { ACTIVATE, type Numbers, runGru, runLstm, type Value } from "./reference-recurrence.js";

export type { Numbers } from "./reference-recurrence.js";

export type ReferenceWeights = ReadonlyMap<string, { readonly data: Numbers }>;

/** The factor a dropout layer puts on one element of one window: 0, or 1 / (1 - rate). */
export type DropoutMask = (layerName: string, window: number, element: number) => number;

export interface ReferenceOutputs {
  /** By position in `network.heads`: [steps, features] as the network gives it. */
  readonly heads: readonly Float64Array[];
  readonly embedding: Float64Array;
}

/**
 * What the network answers for one window.
 * @param window [timesteps, features + covariates]; the encoder reads its first `inputSteps` rows.
 */
export function runReference(
  network: Network,
  weights: ReferenceWeights,
  window: Numbers,
  dropout?: (layerName: string, element: number) => number,
): ReferenceOutputs {
  const states: States = new Map();
  const through = (layers: readonly Layer[], input: Value): Value =>
    layers.reduce((value, layer) => applyLayer(layer, { weights, states, dropout }, value), input);
  const { inputSteps: steps, features, linearPath } = network;
  const width = inputWidth(network);
  const input = Array.from(window).slice(0, steps * width);
  const linear = linearPath && linearReconstruction(linearPath, weights, input, steps * features);
  const linearAt = (n: number): number => linear?.[n] ?? 0;
  const data = input.map((value, n) => {
    const feature = n % width;
    if (feature >= features || linearPath?.encoderReads === "window") return value;
    return value - linearAt(Math.floor(n / width) * features + feature);
  });
  const embedding = through(network.encoder, { steps, width, data });
  return {
    heads: network.heads.map((head) => {
      if (head.name === "linear") return linear!;
      return Float64Array.from(through(head.layers, embedding).data, (value, n) => value + linearAt(n));
    }),
    embedding: Float64Array.from(embedding.data),
  };
}

/** Px of a flattened window. */
function linearReconstruction(
  { name, components }: LinearPath,
  weights: ReferenceWeights,
  data: Numbers,
  readings: number,
): Float64Array {
  const dense = (part: string, units: number, from: Numbers): Numbers => {
    const layer: Layer = { kind: "dense", name: `${name}_${part}`, units, activation: "linear" };
    return applyLayer(layer, { weights, states: new Map() }, { steps: 1, width: from.length, data: from })
      .data;
  };
  return Float64Array.from(dense("expand", readings, dense("project", components, data)));
}

/**
 * The loss of a batch: the sum over heads but `linear` of the mean over windows, rows and features of the squared or absolute
 * residual against the head's rows of the targets.
 * @param inputs [count, timesteps, features + covariates]
 * @param targets of the same shape; covariates are not read
 */
export function referenceLoss(
  network: Network,
  weights: ReferenceWeights,
  inputs: Numbers,
  targets: Numbers,
  count: number,
  loss: Loss,
  dropout?: DropoutMask,
): number {
  const { timesteps, features, heads } = network;
  const size = windowSize(network);
  const width = inputWidth(network);
  let total = 0;
  for (let window = 0; window < count; window++) {
    const input = Array.from({ length: size }, (_, n) => inputs[window * size + n]!);
    const mask = dropout && ((name: string, element: number) => dropout(name, window, element));
    const outputs = runReference(network, weights, input, mask).heads;
    heads.forEach((head, h) => {
      if (head.name === "linear") return;
      let sum = 0;
      for (let step = 0; step < head.steps; step++) {
        const row = head.start + (head.reversed ? head.steps - 1 - step : step);
        for (let feature = 0; feature < features; feature++) {
          const residual =
            outputs[h]![step * features + feature]! - targets[(window * timesteps + row) * width + feature]!;
          sum += loss === "mse" ? residual * residual : Math.abs(residual);
        }
      }
      total += sum / (count * head.steps * features);
    });
  }
  return total;
}

/** The states of recurrent layers after their last step, by layer. */
type States = Map<string, readonly number[][]>;

interface Context {
  readonly weights: ReferenceWeights;
  readonly states: States;
  readonly dropout?: ((layerName: string, element: number) => number) | undefined;
}

function applyLayer(layer: Layer, { weights, states, dropout }: Context, input: Value): Value {
  const weight = (name: string): Numbers => weights.get(name)!.data;
  switch (layer.kind) {
    case "lstm":
    case "gru": {
      const named = (part: string): Numbers => weight(`${layer.name}/${part}`);
      const parts = {
        kernel: named("kernel"),
        recurrentKernel: named("recurrent_kernel"),
        bias: named("bias"),
      };
      const first = layer.startsFrom === undefined ? undefined : states.get(layer.startsFrom)!;
      const { outputs, state } =
        layer.kind === "lstm" ? runLstm(layer, parts, input, first) : runGru(layer, parts, input, first);
      states.set(layer.name, state);
      if (layer.returnSequences) return { steps: input.steps, width: layer.units, data: outputs.flat() };
      return { steps: 1, width: layer.units, data: outputs.at(-1)! };
    }
    case "dense":
    case "timeDistributedDense": {
      const tiedTo = layer.kind === "dense" ? layer.tiedTo : undefined;
      const kernel = weight(`${tiedTo ?? layer.name}/kernel`);
      const bias = weight(`${layer.name}/bias`);
      const data: number[] = [];
      for (let step = 0; step < input.steps; step++) {
        for (let unit = 0; unit < layer.units; unit++) {
          let sum = bias[unit]!;
          for (let k = 0; k < input.width; k++) {
            const at = tiedTo === undefined ? k * layer.units + unit : unit * input.width + k;
            sum += input.data[step * input.width + k]! * kernel[at]!;
          }
          data.push(ACTIVATE[layer.activation](sum));
        }
      }
      return { steps: input.steps, width: layer.units, data };
    }
    case "layerNormalization": {
      const gamma = weight(`${layer.name}/gamma`);
      const beta = weight(`${layer.name}/beta`);
      const data: number[] = [];
      for (let step = 0; step < input.steps; step++) {
        const row = Array.from({ length: input.width }, (_, i) => input.data[step * input.width + i]!);
        const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
        const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
        const spread = Math.sqrt(variance + layer.epsilon);
        for (const [i, x] of row.entries()) data.push((gamma[i]! * (x - mean)) / spread + beta[i]!);
      }
      return { ...input, data };
    }
    case "repeatVector":
      return {
        steps: layer.times,
        width: input.width,
        data: Array.from({ length: layer.times }, () => Array.from(input.data)).flat(),
      };
    case "dropout":
      if (dropout === undefined) return input;
      return {
        ...input,
        data: Array.from(
          { length: input.steps * input.width },
          (_, n) => input.data[n]! * dropout(layer.name, n),
        ),
      };
    case "flatten":
      return { steps: 1, width: input.steps * input.width, data: input.data };
    case "reshape":
      return { steps: layer.shape[0], width: layer.shape[1], data: input.data };
  }
}
