/** The recurrent layers of the oracle (reference-network.ts, which has their equations), and its activations. */
import type { Activation, Layer } from "../../src/network/network.js";

export type Numbers = ArrayLike<number>;

/** A layer's value for one window: `steps` rows of `width`; a vector is one row. */
export interface Value {
  readonly steps: number;
  readonly width: number;
  readonly data: Numbers;
}

export const ACTIVATE: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  hardSigmoidKeras3: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
};

export interface RecurrentWeights {
  readonly kernel: Numbers;
  readonly recurrentKernel: Numbers;
  readonly bias: Numbers;
}

/** What a recurrent layer leaves behind. */
export interface Run {
  /** Every step's h. */
  readonly outputs: readonly number[][];
  /** After the last step: h, and an LSTM's c. */
  readonly state: readonly number[][];
}

/** @param first the state before the first step; left out, it is zero. */
export function runLstm(
  layer: Layer & { kind: "lstm" },
  { kernel, recurrentKernel, bias }: RecurrentWeights,
  input: Value,
  first?: readonly number[][],
): Run {
  const { units } = layer;
  const activate = ACTIVATE[layer.activation];
  const gate = ACTIVATE[layer.recurrentActivation];
  let [h, c] = first ?? [new Array<number>(units).fill(0), new Array<number>(units).fill(0)];
  const states: number[][] = [];
  for (let step = 0; step < input.steps; step++) {
    const z = Array.from({ length: 4 * units }, (_, column) => {
      let sum = bias[column]!;
      for (let k = 0; k < input.width; k++) {
        sum += input.data[step * input.width + k]! * kernel[k * 4 * units + column]!;
      }
      for (let k = 0; k < units; k++) sum += h![k]! * recurrentKernel[k * 4 * units + column]!;
      return sum;
    });
    c = c!.map((old, u) => gate(z[units + u]!) * old + gate(z[u]!) * activate(z[2 * units + u]!));
    h = c.map((now, u) => gate(z[3 * units + u]!) * activate(now));
    states.push(h);
  }
  return { outputs: states, state: [h!, c!] };
}

/** @param first the state before the first step; left out, it is zero. */
export function runGru(
  layer: Layer & { kind: "gru" },
  { kernel, recurrentKernel, bias }: RecurrentWeights,
  input: Value,
  first?: readonly number[][],
): Run {
  const { units } = layer;
  const activate = ACTIVATE[layer.activation];
  const gate = ACTIVATE[layer.recurrentActivation];
  let [h] = first ?? [new Array<number>(units).fill(0)];
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
      for (let k = 0; k < units; k++) sum += h![k]! * recurrentKernel[k * 3 * units + column]!;
      return sum;
    };
    h = h!.map((old, u) => {
      const update = gate(fromInput(u) + fromState(u));
      const reset = gate(fromInput(units + u) + fromState(units + u));
      const candidate = activate(fromInput(2 * units + u) + reset * fromState(2 * units + u));
      return update * old + (1 - update) * candidate;
    });
    states.push(h);
  }
  return { outputs: states, state: [h!] };
}
