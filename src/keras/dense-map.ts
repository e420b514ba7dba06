/** Dense layers by their numbers, and two of them made one. */
import type { Activation, Layer } from "../network/network.js";
import { isDense, type Piece } from "./piece.js";

/** activation(x . kernel + bias) */
export interface DenseMap {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly kernel: Float32Array;
  /** [outputs] */
  readonly bias: Float32Array;
  readonly activation: Activation;
}

/**
 * One layer for two, the first of which is dense and linear: (x . A + a) . B + b = x . (A . B) + (a . B + b). The second
 * is dense, or recurrent, whose kernel reads its input in the same way. Sums are in float64.
 *
 * @returns undefined where it is not possible, where both are layers of the Keras model, or where the one would have more
 *   numbers than the two.
 */
export function mergeDense(first: Piece, second: Piece): Piece | undefined {
  if (!first.isMade && !second.isMade) return undefined;
  if (!isDense(first)) return undefined;
  const { layer: a } = first;
  const { layer: b } = second;
  if (a.activation !== "linear") return undefined;
  const isRecurrent = b.kind === "lstm" || b.kind === "gru";
  if (b.kind !== a.kind && !(isRecurrent && a.kind === "timeDistributedDense")) return undefined;
  const kernelA = first.weights.get("kernel")!;
  const kernelB = second.weights.get("kernel")!;
  const [inputs, middle] = kernelA.shape as [number, number];
  const outputs = kernelB.shape[1]!;
  if (inputs * outputs > inputs * middle + middle * outputs) return undefined;
  const bias = second.weights.get("bias")!;
  const biasA = first.weights.get("bias")!;
  const weights = new Map(second.weights);
  weights.set("kernel", {
    shape: [inputs, outputs],
    data: product(kernelA.data, kernelB.data, inputs, outputs),
  });
  // The bias of a GRU has a second row, that of the state.
  const sums = Float32Array.from(bias.data);
  const added = product(biasA.data, kernelB.data, 1, outputs);
  for (let o = 0; o < outputs; o++) sums[o] = bias.data[o]! + added[o]!;
  weights.set("bias", { shape: bias.shape, data: sums });
  // Of two dense layers the one of the model gives the name.
  const layer = first.isMade || isRecurrent ? b : ({ ...b, name: a.name } as Layer);
  return { layer, weights, isMade: first.isMade && second.isMade };
}

/** [rows, middle] . [middle, columns] */
function product(a: Float32Array, b: Float32Array, rows: number, columns: number): Float32Array {
  const middle = b.length / columns;
  const result = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < middle; k++) {
      const value = a[row * middle + k]!;
      if (value === 0) continue;
      for (let column = 0; column < columns; column++) sums[column]! += value * b[k * columns + column]!;
    }
    result.set(sums, row * columns);
  }
  return result;
}
