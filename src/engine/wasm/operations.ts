/** What a lowered network consists of, and how an operation is written for the kernels. */
import type { Activation } from "../../network/network.js";
import {
  HARD_SIGMOID,
  HARD_SIGMOID_KERAS3,
  LINEAR,
  OP_KIND,
  OP_STEPS,
  OP_WEIGHTS,
  OP_WORDS,
  RELU,
  SIGMOID,
  TANH,
} from "./layout.js";

export const ACTIVATION_NUMBERS: Readonly<Record<Activation, number>> = {
  linear: LINEAR,
  relu: RELU,
  tanh: TANH,
  sigmoid: SIGMOID,
  hardSigmoid: HARD_SIGMOID,
  hardSigmoidKeras3: HARD_SIGMOID_KERAS3,
};

/** Bytes that several values may be names for. Its offset is known once the plan is placed in memory. */
export interface Storage {
  readonly place: number;
  /** Bytes from the place's base. */
  offset: number;
}

/** What a layer reads or gives: `width` floats a row (and step), and where they are. Strides in bytes. */
export interface Value {
  readonly storage: Storage;
  readonly rowStride: number;
  readonly stepStride: number;
  /** `undefined` for a vector. */
  readonly steps: number | undefined;
  readonly width: number;
}

export interface Operation {
  readonly kind: number;
  readonly steps: number;
  readonly words: Map<number, number>;
  readonly values: Map<number, Value>;
  readonly weights: Storage | undefined;
}

export interface Lowered {
  readonly operations: readonly Operation[];
  /** What is to be put in memory once: packed weights and biases. */
  readonly constants: readonly { storage: Storage; data: Float32Array }[];
  /** What a worker writes to, each `rowBytes` for every row of a block. */
  readonly scratch: readonly { storage: Storage; rowBytes: number }[];
}

/** The words of one operation, once all its values have their offsets. */
export function operationWords(operation: Operation): Int32Array {
  const words = new Int32Array(OP_WORDS);
  words[OP_KIND] = operation.kind;
  words[OP_STEPS] = operation.steps;
  for (const [at, word] of operation.words) words[at] = word;
  for (const [at, { storage, rowStride, stepStride }] of operation.values) {
    words.set([storage.place, storage.offset, rowStride, stepStride], at);
  }
  if (operation.weights !== undefined) words[OP_WEIGHTS] = operation.weights.offset;
  return words;
}
