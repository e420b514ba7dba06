/**
 * The oracle of the engines: a network in plain float64, one window and one number at a time, written from the
 * equations and for reading. Dropout is off unless a mask is given.
 *
 * LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000), a the activation, r the recurrent one:
 *   i, f, o = r(x.W + h.R + b)   g = a(x.W + h.R + b)   c' = f c + i g   h' = o a(c')
 * GRU (Cho et al. 2014, with Keras's `reset_after`), v and s the update and reset gates:
 *   v, s = r(x.W + b + h.R + d)   g = a(x.W + b + s (h.R + d))   h' = v h + (1 - v) g
 * A linear path P beside an autoencoder g: Px + g(x - Px), Px = (x.W + b).V + d of the flattened window.
 */
import type { Loss } from "../../src/engine/engine.js";
import type { Activation, Layer, LinearPath, Network } from "../../src/network/network.js";

export type Numbers = ArrayLike<number>;
export type ReferenceWeights = ReadonlyMap<string, { readonly data: Numbers }>;

/** The factor a dropout layer puts on one element of one window: 0, or 1 / (1 - rate). */
export type DropoutMask = (layerName: string, window: number, element: number) => number;

export interface ReferenceOutputs {
  /** By position in `network.heads`: [steps, features] as the network gives it. */
  readonly heads: readonly Float64Array[];
  readonly embedding: Float64Array;
}

/** A layer's value for one window: `steps` rows of `width`; a vector is one row. */
interface Value {
  readonly steps: number;
  readonly width: number;
  readonly data: Numbers;
}

const ACTIVATE: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  hardSigmoidKeras3: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
};

/**
 * What the network answers for one window.
 * @param window [timesteps, features]; the encoder reads its first `inputSteps` rows.
 */
export function runReference(
  network: Network,
  weights: ReferenceWeights,
  window: Numbers,
  dropout?: (layerName: string, element: number) => number,
): ReferenceOutputs {
  const through = (layers: readonly Layer[], input: Value): Value =>
    layers.reduce((value, layer) => applyLayer(layer, weights, value, dropout), input);
  const { inputSteps: steps, features: width, linearPath } = network;
  const input = Array.from(window).slice(0, steps * width);
  const linear = linearPath && linearReconstruction(linearPath, weights, input);
  const linearAt = (n: number): number => linear?.[n] ?? 0;
  const data = input.map((value, n) => value - linearAt(n));
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
): Float64Array {
  const dense = (part: string, units: number, from: Numbers): Numbers => {
    const layer: Layer = { kind: "dense", name: `${name}_${part}`, units, activation: "linear" };
    return applyLayer(layer, weights, { steps: 1, width: from.length, data: from }, undefined).data;
  };
  return Float64Array.from(dense("expand", data.length, dense("project", components, data)));
}

/**
 * The loss of a batch: the sum over heads of the mean over windows, rows and features of the squared or absolute
 * residual against the head's rows of the targets.
 * @param inputs [count, timesteps, features]
 * @param targets [count, timesteps, features]
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
  const size = timesteps * features;
  let total = 0;
  for (let window = 0; window < count; window++) {
    const input = Array.from({ length: size }, (_, n) => inputs[window * size + n]!);
    const mask = dropout && ((name: string, element: number) => dropout(name, window, element));
    const outputs = runReference(network, weights, input, mask).heads;
    heads.forEach((head, h) => {
      let sum = 0;
      for (let step = 0; step < head.steps; step++) {
        const row = head.start + (head.reversed ? head.steps - 1 - step : step);
        for (let feature = 0; feature < features; feature++) {
          const residual =
            outputs[h]![step * features + feature]! -
            targets[(window * timesteps + row) * features + feature]!;
          sum += loss === "mse" ? residual * residual : Math.abs(residual);
        }
      }
      total += sum / (count * head.steps * features);
    });
  }
  return total;
}

function applyLayer(
  layer: Layer,
  weights: ReferenceWeights,
  input: Value,
  dropout: ((layerName: string, element: number) => number) | undefined,
): Value {
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
      const states = layer.kind === "lstm" ? runLstm(layer, parts, input) : runGru(layer, parts, input);
      if (layer.returnSequences) return { steps: input.steps, width: layer.units, data: states.flat() };
      return { steps: 1, width: layer.units, data: states.at(-1)! };
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

interface RecurrentWeights {
  readonly kernel: Numbers;
  readonly recurrentKernel: Numbers;
  readonly bias: Numbers;
}

/** Every step's h. */
function runLstm(
  layer: Layer & { kind: "lstm" },
  { kernel, recurrentKernel, bias }: RecurrentWeights,
  input: Value,
): number[][] {
  const { units } = layer;
  const activate = ACTIVATE[layer.activation];
  const gate = ACTIVATE[layer.recurrentActivation];
  let h = new Array<number>(units).fill(0);
  let c = new Array<number>(units).fill(0);
  const states: number[][] = [];
  for (let step = 0; step < input.steps; step++) {
    const z = Array.from({ length: 4 * units }, (_, column) => {
      let sum = bias[column]!;
      for (let k = 0; k < input.width; k++) {
        sum += input.data[step * input.width + k]! * kernel[k * 4 * units + column]!;
      }
      for (let k = 0; k < units; k++) sum += h[k]! * recurrentKernel[k * 4 * units + column]!;
      return sum;
    });
    c = c.map((old, u) => gate(z[units + u]!) * old + gate(z[u]!) * activate(z[2 * units + u]!));
    h = c.map((now, u) => gate(z[3 * units + u]!) * activate(now));
    states.push(h);
  }
  return states;
}

/** Every step's h. */
function runGru(
  layer: Layer & { kind: "gru" },
  { kernel, recurrentKernel, bias }: RecurrentWeights,
  input: Value,
): number[][] {
  const { units } = layer;
  const activate = ACTIVATE[layer.activation];
  const gate = ACTIVATE[layer.recurrentActivation];
  let h = new Array<number>(units).fill(0);
  const states: number[][] = [];
  for (let step = 0; step < input.steps; step++) {
    const fromInput = (column: number): number => {
      let sum = bias[column]!;
      for (let k = 0; k < input.width; k++) {
        sum += input.data[step * input.width + k]! * kernel[k * 3 * units + column]!;
      }
      return sum;
    };
    const fromState = (column: number): number => {
      let sum = bias[3 * units + column]!;
      for (let k = 0; k < units; k++) sum += h[k]! * recurrentKernel[k * 3 * units + column]!;
      return sum;
    };
    h = h.map((old, u) => {
      const update = gate(fromInput(u) + fromState(u));
      const reset = gate(fromInput(units + u) + fromState(units + u));
      const candidate = activate(fromInput(2 * units + u) + reset * fromState(2 * units + u));
      return update * old + (1 - update) * candidate;
    });
    states.push(h);
  }
  return states;
}
