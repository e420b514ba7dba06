/** Placed operations that have no weights: copies, sums and differences. */
import {
  OP_ADD,
  OP_COPY,
  OP_DENSE,
  OP_INPUT,
  OP_OUTPUT,
  OP_SECOND_INPUT,
  OP_STEPS,
  OP_SUBTRACT,
  OP_WIDTH_IN,
} from "../plan/layout.js";
import type { CombineOperation } from "../plan/plan.js";
import { type PlacedOperation, type PlacedValue, sameBytes } from "./placed.js";

const COMBINING_NUMBERS: Readonly<Record<CombineOperation["kind"], number>> = {
  add: OP_ADD,
  subtract: OP_SUBTRACT,
};

/**
 * The sum of two values, or the first less the second. Where the rows of the second value are shorter, the other numbers
 * of the first one's are copied.
 */
export function combineOperations(
  kind: CombineOperation["kind"],
  first: PlacedValue,
  second: PlacedValue,
  output: PlacedValue,
): PlacedOperation[] {
  if (second.width === output.width) return [combineOperation(kind, first, second, output)];
  const beginnings = { ...output, width: second.width };
  return [copyOperation(first, output), combineOperation(kind, beginnings, second, beginnings)];
}

function combineOperation(
  kind: CombineOperation["kind"],
  first: PlacedValue,
  second: PlacedValue,
  output: PlacedValue,
): PlacedOperation {
  return {
    kind: COMBINING_NUMBERS[kind],
    words: { [OP_STEPS]: output.steps ?? 1, [OP_WIDTH_IN]: output.width },
    values: { [OP_INPUT]: first, [OP_SECOND_INPUT]: second, [OP_OUTPUT]: output },
    storages: {},
  };
}

/** Copies a value, each of whose steps may stand elsewhere. */
export function copyOperation(from: PlacedValue, to: PlacedValue): PlacedOperation {
  return {
    kind: OP_COPY,
    words: { [OP_STEPS]: from.steps ?? 1, [OP_WIDTH_IN]: from.width },
    values: { [OP_INPUT]: from, [OP_OUTPUT]: to },
    storages: {},
  };
}

/**
 * Makes an operation write `value`, which is its result or another shape of it, to `to`. Returns false, and changes
 * nothing, where it has made another value or cannot write there.
 */
export function writeTo(operation: PlacedOperation, value: PlacedValue, to: PlacedValue): boolean {
  const made = operation.values[OP_OUTPUT];
  const isPossible = operation.kind === OP_DENSE || operation.kind === OP_ADD;
  if (!isPossible || made === undefined || !sameBytes(made, value)) return false;
  // A layer that gives a vector writes all of the head in its one step.
  const width = made.steps === undefined ? made.width : to.width;
  operation.values[OP_OUTPUT] = { ...to, steps: made.steps, width, stepBytes: width * 4 };
  return true;
}
