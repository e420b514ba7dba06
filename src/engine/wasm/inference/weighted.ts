/** Placed operations of layers with weights and without a state: dense ones and normalisations. */
import type { LayerNormalizationLayer } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";
import {
  OP_ACTIVATION,
  OP_BIAS,
  OP_DENSE,
  OP_INPUT,
  OP_KERNEL,
  OP_NORMALIZE,
  OP_OUTPUT,
  OP_STEPS,
  OP_WIDTH_IN,
  OP_WIDTH_OUT,
} from "../plan/layout.js";
import { ACTIVATION_NUMBERS } from "../plan/records.js";
import type { PackedDense } from "./packing.js";
import type { PlacedOperation, PlacedValue, Storage } from "./placed.js";

/** @param storages of the packed kernel and bias. */
export function denseOperation(
  input: PlacedValue,
  { units, activation }: PackedDense,
  { kernel, bias }: { readonly kernel: Storage; readonly bias: Storage },
  output: PlacedValue,
): PlacedOperation {
  return {
    kind: OP_DENSE,
    words: {
      [OP_STEPS]: input.steps ?? 1,
      [OP_ACTIVATION]: ACTIVATION_NUMBERS[activation],
      [OP_WIDTH_IN]: input.width,
      [OP_WIDTH_OUT]: units,
    },
    values: { [OP_INPUT]: input, [OP_OUTPUT]: output },
    storages: { [OP_BIAS]: bias, [OP_KERNEL]: kernel },
  };
}

/** @param weights what `packNormalization` gives. */
export function normalizeOperation(
  input: PlacedValue,
  weights: Storage,
  output: PlacedValue,
): PlacedOperation {
  return {
    kind: OP_NORMALIZE,
    words: { [OP_STEPS]: output.steps ?? 1, [OP_WIDTH_IN]: output.width },
    values: { [OP_INPUT]: input, [OP_OUTPUT]: output },
    storages: { [OP_KERNEL]: weights },
  };
}

/** The weights in the kernel's order: epsilon, gamma, beta. */
export function packNormalization(
  { name, epsilon }: LayerNormalizationLayer,
  weights: Weights,
): Float32Array {
  const gamma = weights.get(`${name}/gamma`)!.data;
  const beta = weights.get(`${name}/beta`)!.data;
  return Float32Array.from([epsilon, ...gamma, ...beta]);
}
