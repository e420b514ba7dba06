/** Operations as the words that the kernels read (layout.ts). */
import type { Activation } from "../../../network/network.js";
import {
  ELU,
  HARD_SIGMOID,
  HARD_SIGMOID_KERAS3,
  LINEAR,
  OP_GRU,
  OP_KIND,
  OP_LSTM,
  OP_WORDS,
  RELU,
  SIGMOID,
  TANH,
  VALUE_DATA,
  VALUE_GRADIENT,
  VALUE_PLACE,
  VALUE_ROW,
  VALUE_STEP,
  VALUE_STEPS,
  VALUE_WIDTH,
} from "./layout.js";
import type { RecurrentLayer } from "./plan.js";

export const ACTIVATION_NUMBERS: Readonly<Record<Activation, number>> = {
  linear: LINEAR,
  relu: RELU,
  tanh: TANH,
  sigmoid: SIGMOID,
  hardSigmoid: HARD_SIGMOID,
  hardSigmoidKeras3: HARD_SIGMOID_KERAS3,
  elu: ELU,
};

/** The recurrent kinds by OP_KIND. */
export const RECURRENT_NUMBERS: Readonly<Record<RecurrentLayer["kind"], number>> = {
  lstm: OP_LSTM,
  gru: OP_GRU,
};

/** Where a value stands: in floats (`width`), timesteps (`steps`) and bytes. */
export interface ValueRecord {
  /** One of the PLACE numbers. */
  readonly place: number;
  /** An address, or an offset from the place's base. */
  readonly data: number;
  readonly rowBytes: number;
  readonly stepBytes: number;
  readonly steps: number;
  readonly width: number;
  /** The address of the value's gradient; 0 where nobody needs it. */
  readonly gradient: number;
}

/** Words by their index in the record. */
export type Words = Readonly<Record<number, number>>;

/**
 * The words of one operation; those that are not given are 0.
 * @param values by the index of their first word: OP_INPUT, OP_OUTPUT, OP_START.
 */
export function operationRecord(
  kind: number,
  words: Words,
  values: Readonly<Record<number, ValueRecord>>,
): Int32Array {
  const all: Record<number, number> = { ...words, [OP_KIND]: kind };
  for (const [index, value] of Object.entries(values)) {
    const at = Number(index);
    all[at + VALUE_PLACE] = value.place;
    all[at + VALUE_DATA] = value.data;
    all[at + VALUE_ROW] = value.rowBytes;
    all[at + VALUE_STEP] = value.stepBytes;
    all[at + VALUE_STEPS] = value.steps;
    all[at + VALUE_WIDTH] = value.width;
    all[at + VALUE_GRADIENT] = value.gradient;
  }
  return record(OP_WORDS, all);
}

/** A record of `length` words; those that are not given are 0. */
export function record(length: number, words: Words): Int32Array {
  // Through Uint32Array: an address or a share of 2^32 may have the highest bit.
  const all = new Uint32Array(length);
  for (const [index, word] of Object.entries(words)) all[Number(index)] = word;
  return new Int32Array(all.buffer);
}
