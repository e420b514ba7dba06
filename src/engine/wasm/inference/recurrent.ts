/** Placed operations of recurrent layers. */
import { tilesOf } from "../plan/gates.js";
import {
  OP_ACTIVATION,
  OP_CELL,
  OP_FIRST_CELL,
  OP_FIRST_STATE,
  OP_FIRST_STATE_STEP,
  OP_INPUT,
  OP_OUTPUT,
  OP_RECURRENT_ACTIVATION,
  OP_SEQUENCES,
  OP_START,
  OP_STEPS,
  OP_TILES,
  OP_WIDTH_IN,
} from "../plan/layout.js";
import type { RecurrentLayer } from "../plan/plan.js";
import { ACTIVATION_NUMBERS, RECURRENT_NUMBERS } from "../plan/records.js";
import type { PlacedOperation, PlacedValue, Storage } from "./placed.js";

/** Where a recurrent layer leaves its last state. */
export interface PlacedState {
  /** An LSTM's c, a GRU's h. */
  readonly cell: Storage;
  /** h, of all steps or of the last one. It stays in the scratch: no job takes it from there but by a copy. */
  readonly output: PlacedValue;
}

/** What a recurrent layer reads. */
export interface RecurrentInput {
  /** A sequence; its steps may be the same bytes. */
  readonly input: PlacedValue;
  /** What the sums of every step start from. */
  readonly start: PlacedValue;
  /** Floats of `input` that each step multiplies; 0 where `start` has their product already. */
  readonly inputs: number;
  /** The packed kernels, and what the kernel works in. */
  readonly storages: Readonly<Record<number, Storage>>;
}

/** @param first the state that the layer starts from; undefined for zeros. */
export function recurrentOperation(
  { kind, units, activation, recurrentActivation, returnSequences }: RecurrentLayer,
  { input, start, inputs, storages }: RecurrentInput,
  { cell, output }: PlacedState,
  first: PlacedState | undefined,
): PlacedOperation {
  return {
    kind: RECURRENT_NUMBERS[kind],
    words: {
      [OP_STEPS]: input.steps!,
      [OP_ACTIVATION]: ACTIVATION_NUMBERS[activation],
      [OP_RECURRENT_ACTIVATION]: ACTIVATION_NUMBERS[recurrentActivation],
      [OP_WIDTH_IN]: inputs,
      [OP_TILES]: tilesOf(units),
      [OP_SEQUENCES]: Number(returnSequences),
      ...(first !== undefined && { [OP_FIRST_STATE_STEP]: (first.output.steps ?? 1) - 1 }),
    },
    values: { [OP_INPUT]: input, [OP_OUTPUT]: output, [OP_START]: start },
    storages: {
      ...storages,
      [OP_CELL]: cell,
      ...(first !== undefined && { [OP_FIRST_CELL]: first.cell, [OP_FIRST_STATE]: first.output.storage }),
    },
  };
}
